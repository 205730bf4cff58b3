"""FNet Studio: explore, fine-tune and teach models that mix tokens by a Fourier transform."""

__version__ = "0.1.0"
