"""The policy language: what a document may say, and how it is read."""
