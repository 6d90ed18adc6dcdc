"""What is sold: products, prices, and what changes a price (coupons, tax rates …)."""
