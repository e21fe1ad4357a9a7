"""The targets in AWS: SageMaker's training jobs and endpoints, and what they stand on."""
