"""The commands about a policy: one file each."""
