"""Melody in, accompanied song out; imports `music`, never TensorFlow."""
