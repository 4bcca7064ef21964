"""Volumes: what drivers make, the store that knows them all, and the service in front of it."""
