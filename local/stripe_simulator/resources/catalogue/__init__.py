"""What is sold: products, prices, and what changes a price (coupons, promotion codes)."""
