"""What runs beside the machines: outbox, failure notes, token claims."""
