"""What SageMaker starts: /opt/ml, `train`, `serve`, HTTP; imports the three other rooms."""
