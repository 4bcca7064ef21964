"""The service that keeps all volumes."""
