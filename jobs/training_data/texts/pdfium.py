"""PDFium, which finds the same text on every machine. Only the process that reads texts imports this.

Where a PDF does not hold its font, PDFium measures the letters of one of the machine's; without a Korean one it drops
letters that are drawn one by one. So it gets a font of ours alone, all of whose letters are the same box.
"""

import ctypes
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as raw

FONTS = Path(__file__).parent / "fonts"


def _use_own_fonts() -> "ctypes.Array[ctypes.c_char]":
    folder = ctypes.create_string_buffer(str(FONTS).encode())
    one = ctypes.POINTER(ctypes.c_char)
    folders = (one * 2)(ctypes.cast(folder, one))  # the second stays NULL, which ends the list
    raw.FPDF_DestroyLibrary()
    raw.FPDF_InitLibraryWithConfig(raw.FPDF_LIBRARY_CONFIG(version=2, m_pUserFontPaths=folders))
    return folder


HELD = _use_own_fonts()  # PDFium keeps a pointer to it

__all__ = ["pdfium", "raw"]
