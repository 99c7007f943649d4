"""fewpix recognises faces from few pixels."""

__version__ = "0.1.0"
