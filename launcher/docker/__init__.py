"""Jobs and endpoints in containers on this machine, by the SageMaker SDK's local mode."""
