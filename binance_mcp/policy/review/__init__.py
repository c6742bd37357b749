"""What a person can ask about a policy: warnings, an explanation, a dry run."""
