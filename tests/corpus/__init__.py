"""Any folder of photos through the program: opened, compared with other decoders, exported, read again by exiftool.

`aside.py` runs a part in a child with limits, `program.py` is what the program does with a file, `judging.py` what
others say of it (`references.py` of the pixels, `tags.py` of the metadata), `table.py` what is written down, and
`samples.py` the files that the tests write to try it all.
"""
