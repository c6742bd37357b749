"""What is wrong with an installation, and what to do about it. Knows the server and the wings."""
