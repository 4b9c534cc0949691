"""Which tags are in a photo's file and not in its export, though no note says so (exiftool reads both)."""

import fnmatch
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_SECONDS = 120
Tags = Mapping[str, object]  # by "family 0:family 1:name", as "EXIF:IFD0:Make"

# What speaks of the file, or is computed from other tags, or is looked at as pixels and profile.
_OF_THE_FILE = (
    "SourceFile",
    "ExifTool:*",
    "Composite:*",
    "ICC_Profile:*",
    "File:*",
    "QuickTime:*",
    "RIFF:*",
    "APP14:*",
)
_SAID_IN_THE_FILE = ("File:*:Comment",)
# How a picture is stored.
_STORAGE = (
    "PNG:PNG:ImageWidth", "PNG:PNG:ImageHeight", "PNG:PNG:BitDepth", "PNG:PNG:ColorType", "PNG:PNG:Compression",
    "PNG:PNG:Filter", "PNG:PNG:Interlace", "PNG:PNG:Palette*", "PNG:PNG:Transparency", "PNG:PNG:BackgroundColor",
    "PNG:PNG:ProfileName", "PNG:PNG:SRGBRendering", "PNG:PNG:Gamma", "PNG:PNG:WhitePoint*", "PNG:PNG:Red[XY]",
    "PNG:PNG:Green[XY]", "PNG:PNG:Blue[XY]", "PNG:PNG:SignificantBits", "PNG:PNG-cICP:*", "PNG:PNG:Date*",
    "PNG:PNG:ModifyDate",
    "PNG:PNG:ImageOffset*", "PNG:PNG:Virtual*", "PNG:PNG:Animation*",
    "JFIF:JFIF:JFIFVersion", "Ducky:*:Quality", "APP13:AdobeCM:*", "MPF:MPF0:MPFVersion",
    "XMP:XMP-x:XMPToolkit", "XMP:XMP-xmpNote:HasExtendedXMP", "Photoshop:Photoshop:IPTCDigest",
    "Photoshop:Photoshop:DisplayedUnits?", "Photoshop:Photoshop:PhotoshopQuality",
    "Photoshop:Photoshop:PhotoshopFormat", "Photoshop:Photoshop:ProgressiveScans",
    "MakerNotes:*Offset", "MakerNotes:*Start",
)  # fmt: skip
_RESOLUTION = frozenset(
    ("XResolution", "YResolution", "ResolutionUnit", "PixelsPerUnitX", "PixelsPerUnitY", "PixelUnits")
)
# How a DNG's sensor data become a picture.
_OF_RAW = (
    "EXIF:*:DNG*", "EXIF:*:ColorMatrix*", "EXIF:*:CalibrationIlluminant*", "EXIF:*:CameraCalibration*",
    "EXIF:*:ForwardMatrix*", "EXIF:*:ReductionMatrix*", "EXIF:*:AnalogBalance", "EXIF:*:AsShot*", "EXIF:*:Baseline*",
    "EXIF:*:LinearResponseLimit", "EXIF:*:*CameraModel", "EXIF:*:Profile*", "EXIF:*:ActiveArea", "EXIF:*:BlackLevel*",
    "EXIF:*:WhiteLevel", "EXIF:*:CFA*", "EXIF:*:Default*", "EXIF:*:BayerGreenSplit", "EXIF:*:AntiAliasStrength",
    "EXIF:*:BestQualityScale", "EXIF:*:ShadowScale", "EXIF:*:*RawFile*", "EXIF:*:RawDataUniqueID", "EXIF:*:Noise*",
    "EXIF:*:OpcodeList*", "EXIF:*:Masked*", "EXIF:*:Lineariz*", "EXIF:*:Preview*",
)  # fmt: skip
_STORAGE_IN_EXIF = frozenset(
    (
        "SubfileType", "OldSubfileType", "ImageWidth", "ImageHeight", "BitsPerSample", "Compression", "Thresholding",
        "PhotometricInterpretation", "FillOrder", "StripOffsets", "SamplesPerPixel", "RowsPerStrip", "StripByteCounts",
        "MinSampleValue", "MaxSampleValue", "PlanarConfiguration", "PageName", "PageNumber", "XPosition", "YPosition",
        "GrayResponseUnit", "GrayResponseCurve", "T4Options", "T6Options", "Predictor", "WhitePoint", "FreeOffsets",
        "FreeByteCounts", "PrimaryChromaticities", "ColorMap", "HalftoneHints", "TileWidth", "TileLength",
        "TileOffsets", "TileByteCounts", "InkSet", "InkNames", "NumberofInks", "DotRange", "TargetPrinter",
        "ExtraSamples", "SampleFormat", "SMinSampleValue", "SMaxSampleValue", "TransferRange", "JPEGTables",
        "JPEGProc", "YCbCrCoefficients", "YCbCrSubSampling", "YCbCrPositioning", "ReferenceBlackWhite",
        "TransferFunction", "ThumbnailOffset", "ThumbnailLength", "PreviewImageStart", "PreviewImageLength",
        "ApplicationNotes", "Padding", "OffsetSchema", "ExifByteOrder", "CellWidth", "CellLength", "TIFF-EPStandardID",
        "JPEGRestartInterval", "JPEGQTables", "JPEGDCTables", "JPEGACTables", "XClipPathUnits", "CFARepeatPatternDim",
    )
)  # fmt: skip
# What may say something else of the export than of the photo.
_MAY_CHANGE = frozenset(
    ("Orientation", "ImageWidth", "ImageHeight", "ExifImageWidth", "ExifImageHeight", "ColorSpace", "InteropIndex")
)
_PREVIEWS = ("EXIF:IFD[1-9]*", "EXIF:SubIFD*", "*Thumbnail*", "*Preview*", "JFIF:JFXX:*", "*:JpgFromRaw*")
_CONTAINER = ("XMP:XMP-Container:*", "MPF:*", "EXIF:IFD[1-9]*")
# The tags that each part of a sentence speaks of; "!" before those that it does not.
_EXPLAINED: Mapping[str, Sequence[str]] = {
    "the embedded preview": _PREVIEWS,
    "the gain map": ("XMP:XMP-hdrgm:*", "XMP:XMP-HDRGainMap:*", *_CONTAINER),
    "further pictures in the file": (
        "EXIF:SubIFD*", "XMP:XMP-GImage:*", "XMP:XMP-GDepth:*", "XMP:XMP-Device:*", "Photoshop:*", *_CONTAINER,
    ),
    "the video of a motion photo": ("XMP:XMP-GCamera:*", "*EmbeddedVideo*", "*MotionPhoto*", *_CONTAINER),
    "content credentials": ("JUMBF:*", "XMP:XMP-dcterms:Provenance", "*C2PA*"),
    "saved selections or other channels": ("Photoshop:*",),
    "texts that other programs keep": ("PNG:*",),
    "what the camera or other programs keep": (
        "*", "!EXIF:*", "!XMP:*", "!IPTC:IPTC:*", "!PNG:*", "!JFIF:JFIF:*", "!Photoshop:*", "!GeoTiff:*",
    ),
    "Photoshop's settings": ("Photoshop:*",),
    "where on Earth": ("GeoTiff:*", "EXIF:IFD0:ModelT*", "EXIF:IFD0:PixelScale", "EXIF:IFD0:IntergraphMatrix"),
    "damaged EXIF data": ("EXIF:*", "MakerNotes:*"),
    "damaged XMP data": ("XMP:*",),
    "maker note": ("MakerNotes:*", "EXIF:*:MakerNote*"),
    "the longest values": ("EXIF:*",),
    "the metadata of this kind of raw file": ("*",),
    "no place for IPTC data": ("IPTC:*",),
    "no place for these texts": ("PNG:*", "File:*:Comment"),
}  # fmt: skip


def read_tags(*paths: Path) -> list[Tags]:
    """What exiftool reads in each file."""
    command = ["exiftool", "-j", "-G0:1", "-struct", "-a", "-n", *map(str, paths)]
    told = subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS)
    return [{_full(key): value for key, value in tags.items()} for tags in json.loads(told.stdout)]


def _full(key: str) -> str:
    """Name both families, where exiftool names two of one name once."""
    return f"{key.partition(':')[0]}:{key}" if key.count(":") == 1 else key


def orientation_in(tags: Tags) -> int:
    """How the stored picture is turned, 1 to 8: as EXIF says, else as XMP says."""
    for name in ("EXIF:IFD0:Orientation", "XMP:XMP-tiff:Orientation"):
        said = tags.get(name)
        if isinstance(said, int) and 1 <= said <= 8:
            return said
    return 1


def lost_tags(before: Tags, after: Tags, notes: Sequence[str]) -> tuple[str, ...]:
    """The tags of a photo that its export has not, or with another value, and that no note of the export speaks of."""
    homes: dict[str, list[object]] = {}
    for key, value in after.items():
        homes.setdefault(key.rpartition(":")[2], []).append(value)
    lost = [
        key
        for key, value in before.items()
        if _is_said(key) and not _is_kept(key, value, homes) and not _is_explained(key, notes)
    ]
    return (*lost, *_false_resolutions(before, after, notes))


def _false_resolutions(before: Tags, after: Tags, notes: Sequence[str]) -> Iterator[str]:
    """A resolution that an export states and its photo does not, and one that it has lost."""
    stated, found = list(_resolutions(before)), list(_resolutions(after))
    if stated and not found and not _is_explained("EXIF:IFD0:XResolution", notes):
        yield f"Resolution: {stated[0]} is not there"
    for one in found:
        if not any(_near(one, other) or _near(one[::-1], other) for other in stated):
            yield f"Resolution: {one} instead of {stated}"


def _near(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(abs(a - b) <= 1 + b / 1000 for a, b in zip(one, other, strict=True))


def _resolutions(tags: Tags) -> Iterator[tuple[float, float]]:
    """Dots per inch across and down, in each place that says them."""
    places = (
        ("EXIF:IFD0", "XResolution", "YResolution", "ResolutionUnit", {2: 1, 3: 2.54}, 2),
        ("JFIF:JFIF", "XResolution", "YResolution", "ResolutionUnit", {1: 1, 2: 2.54}, 0),
        ("Photoshop:Photoshop", "XResolution", "YResolution", "ResolutionUnit", {2: 1}, 2),
        ("PNG:PNG-pHYs", "PixelsPerUnitX", "PixelsPerUnitY", "PixelUnits", {1: 0.0254}, 0),
    )
    for place, across, down, unit, per_inch, usual in places:
        found = [tags.get(f"{place}:{name}") for name in (across, down)]
        scale = per_inch.get(tags.get(f"{place}:{unit}", usual), 0)
        if scale and all(isinstance(dots, int | float) and dots for dots in found):
            yield float(found[0]) * scale, float(found[1]) * scale


def _is_said(key: str) -> bool:
    """Tell whether a tag speaks of the photo, and not of how its file is made."""
    if _matches(key, _SAID_IN_THE_FILE):
        return True
    name = key.rpartition(":")[2]
    is_storage = name in _RESOLUTION or (key.startswith("EXIF:") and name in _STORAGE_IN_EXIF)
    return not is_storage and not _matches(key, (*_OF_THE_FILE, *_STORAGE, *_OF_RAW))


def _is_kept(key: str, value: object, homes: Mapping[str, list[object]]) -> bool:
    name = key.rpartition(":")[2]
    found = [other for home in _names(name) for other in homes.get(home, [])]
    if not found:
        return name == "Orientation"  # which AVIF has in its boxes
    return name in _MAY_CHANGE or any(_same(value, other) for other in found)


def _names(name: str) -> Iterator[str]:
    """The names that exiftool gives to what a tag says, in the other places that it may be said."""
    yield name
    yield from {"Description": ["ImageDescription"], "Author": ["Artist"]}.get(name, [])


def _same(value: object, other: object) -> bool:
    if isinstance(value, int | float) and isinstance(other, int | float):
        return abs(value - other) <= 1e-6 * max(abs(value), abs(other))
    return value == other or str(value).strip() == str(other).strip()


def _is_explained(key: str, notes: Sequence[str]) -> bool:
    said = [patterns for phrase, patterns in _EXPLAINED.items() if any(phrase in note for note in notes)]
    return any(_matches(key, patterns) for patterns in said)


def _matches(key: str, patterns: Sequence[str]) -> bool:
    excepted = any(fnmatch.fnmatchcase(key, pattern[1:]) for pattern in patterns if pattern.startswith("!"))
    return not excepted and any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns)
