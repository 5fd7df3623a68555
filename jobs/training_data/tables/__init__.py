"""Tables that people have (CSV, TSV, XLSX, JSON), read row by row in bounded memory."""
