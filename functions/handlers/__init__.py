"""What runs beside the machines: outbox, failure notes, mails, token claims."""
