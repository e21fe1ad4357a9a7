"""The SDK and command line on the caller's machine; never imports TensorFlow."""
