"""What a user would pick instead: the same training and serving in other ways, small and honest."""
