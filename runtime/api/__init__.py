"""The engine's API over HTTP: what clients such as `docker` talk to."""
