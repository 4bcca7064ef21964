"""A working Python counterpart of the plugin and volume start-up of Docker's engine."""
