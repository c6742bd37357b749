"""The user data stream: the events behind the listen key, received, kept and read."""
