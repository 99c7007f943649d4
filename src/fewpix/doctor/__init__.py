"""What is installed here, which runtime and device will be used and why, and if the weights are whole."""
