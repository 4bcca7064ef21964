"""Types of the API: what requests and answers hold."""
