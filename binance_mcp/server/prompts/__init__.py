"""The prompts that users pick from a host's menu."""
