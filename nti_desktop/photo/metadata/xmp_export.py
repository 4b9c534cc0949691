"""What an edit says about itself in XMP, and what of the photo's packet would lie there."""

import re
from collections.abc import Iterator

from lxml import etree
from lxml.etree import QName, _Element

from nti_desktop.photo.metadata.blocks import LeftOut
from nti_desktop.photo.metadata.exif import UNCALIBRATED
from nti_desktop.photo.metadata.xmp import descriptions, empty_packet, packet_bytes, parse_packet, remove_property

_XMP = "http://ns.adobe.com/xap/1.0/"
_DUBLIN_CORE_TERMS = "http://purl.org/dc/terms/"
_TIFF = "http://ns.adobe.com/tiff/1.0/"
_EXIF = "http://ns.adobe.com/exif/1.0/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_IPTC_CORE = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
_IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_MWG_REGIONS = "http://www.metadataworkinggroup.com/schemas/regions/"
_MICROSOFT_PHOTO = "http://ns.microsoft.com/photo/1.2/"
_DYNAMIC_MEDIA = "http://ns.adobe.com/xmp/1.0/DynamicMedia/"
_PRISM = "http://prismstandard.org/namespaces/basic/2.0/"
_DIMENSIONS = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
_GOOGLE = "http://ns.google.com/photos/"
_CAMERA = _GOOGLE + "1.0/camera/"
_CONTAINER = _GOOGLE + "1.0/container/"

_THUMBNAIL = "http://ns.adobe.com/xap/1.0/g/img/"
_GAIN_MAPS = ("http://ns.adobe.com/hdr-gain-map/1.0/", "http://ns.apple.com/HDRGainMap/1.0/")
# The photo before a blur, its depth map, and the pictures that Dynamic Depth appends to the file.
_PICTURES = (_GOOGLE + "1.0/image/", _GOOGLE + "1.0/depthmap/", _GOOGLE + "dd/1.0/")

# Of Google's containers: what an item is.
_IN_CONTAINERS = {"GainMap": LeftOut.GAIN_MAP, "MotionPhoto": LeftOut.VIDEO}

_PLACES = {
    (_IPTC_CORE, "Location"),
    (_IPTC_CORE, "CountryCode"),
    (_PHOTOSHOP, "City"),
    (_PHOTOSHOP, "State"),
    (_PHOTOSHOP, "Country"),
    (_IPTC_EXTENSION, "LocationCreated"),
    (_IPTC_EXTENSION, "LocationShown"),
    (_DYNAMIC_MEDIA, "shotLocation"),
    (_PRISM, "location"),
}

_COLOURS = {(_PHOTOSHOP, "ICCProfile"), (_PHOTOSHOP, "ColorMode")}
_SUBJECT = {(_EXIF, "SubjectArea"), (_EXIF, "SubjectLocation")}  # in pixels
# In parts of the stored picture's sides: of the Metadata Working Group, of Microsoft, of IPTC.
_REGIONS = {(_MWG_REGIONS, "Regions"), (_MICROSOFT_PHOTO, "RegionInfo"), (_IPTC_EXTENSION, "ImageRegion")}

_DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2


_Name = tuple[str, str]  # namespace and local name


def patched_xmp(
    xmp: bytes,
    size: tuple[int, int],
    *,
    location: bool,
    program: str | None,
    prompt: str | None,
    turned: bool,
    moved: bool,
    srgb: bool,
) -> bytes:
    """The packet for an upright picture of size (width, height) in pixels that a model took part in, or with program
    None for the photo itself.

    Says so in the words of the IPTC Photo Metadata Standard 2025.1: Digital Source Type, AI System Used (program) and,
    where a prompt is given, AI Prompt Information. Orientation, sizes and colour space are set where the packet states
    them. What `left_out_of_xmp` names goes, so do the profile's name, where the subject is if the pixels have moved,
    and unless location is True every place: GPS properties, latitudes and longitudes of any namespace at any depth, and
    IPTC's. All else stays. A packet is made where there is none or it cannot be parsed, for an edit. turned: whether
    the picture was, to be upright; srgb: whether its colours are sRGB's.
    """
    root = parse_packet(xmp)
    if root is None and program is None:
        return b""
    if root is None:
        root = empty_packet()
    untrue = _COLOURS | (_REGIONS if turned else set()) | (_SUBJECT if moved else set())
    gone = [
        found
        for found in _stated(root)
        if found[2] in untrue or _would_lie(found[2]) or (not location and _is_place(found[2]))
    ]
    for element, attribute, _ in gone:
        if attribute is not None:
            del element.attrib[attribute]
        elif (parent := element.getparent()) is not None:
            parent.remove(element)
    width, height = size
    _set_where_stated(root, f"{{{_TIFF}}}Orientation", 1)
    _set_where_stated(root, f"{{{_TIFF}}}ImageWidth", width)
    _set_where_stated(root, f"{{{_TIFF}}}ImageLength", height)
    _set_where_stated(root, f"{{{_EXIF}}}PixelXDimension", width)
    _set_where_stated(root, f"{{{_EXIF}}}PixelYDimension", height)
    _set_where_stated(root, f"{{{_EXIF}}}ColorSpace", 1 if srgb else UNCALIBRATED)
    for applied in root.iter(f"{{{_MWG_REGIONS}}}AppliedToDimensions"):
        for part in applied.iter(etree.Element):
            for name, number in ((f"{{{_DIMENSIONS}}}w", width), (f"{{{_DIMENSIONS}}}h", height)):
                if name in part.attrib:
                    part.set(name, str(number))
                elif part.tag == name:
                    part.text = str(number)
    if program is not None:
        remove_property(root, f"{{{_IPTC_EXTENSION}}}AISystemVersionUsed")  # it would be that of another system
        _set(root, "DigitalSourceType", _DIGITAL_SOURCE_TYPE)
        _set(root, "AISystemUsed", program)
        if prompt is not None:
            _set(root, "AIPromptInformation", prompt)
    _forget_unused_namespaces(root)
    return packet_bytes(root)


def xmp_orientation(xmp: bytes) -> int | None:
    """Read how the stored picture is turned, 1 to 8 (tiff:Orientation); None when the packet does not say so."""
    root = parse_packet(xmp)
    name = f"{{{_TIFF}}}Orientation"
    for description in descriptions(root) if root is not None else ():
        value = (description.get(name) or description.findtext(name) or "").strip()
        if value in set("12345678"):
            return int(value)
    return None


def left_out_of_xmp(xmp: bytes, turned: bool) -> set[LeftOut]:
    """List what an XMP packet holds that no edit's packet carries on. turned: whether the picture is, to be upright."""
    root = parse_packet(xmp)
    if root is None:
        return {LeftOut.DAMAGED_XMP} if xmp else set()
    listed = {_IN_CONTAINERS.get(semantic, LeftOut.FURTHER_PICTURES) for semantic in _semantics(root)}
    if turned and any(name in _REGIONS for _, _, name in _stated(root)):
        listed.add(LeftOut.REGIONS)
    return listed | {why for _, _, name in _stated(root) if (why := _why_left_out(name))}


def _semantics(root: _Element) -> Iterator[str]:
    """List what the pictures are, but the first one, that a container's directory lists behind one another."""
    for element, attribute, (namespace, local) in _stated(root):
        said = (element.text or "").strip() if attribute is None else element.attrib[attribute]
        if namespace.startswith(_CONTAINER) and local == "Semantic" and said != "Primary":
            yield str(said)


def _stated(root: _Element) -> Iterator[tuple[_Element, str | None, _Name]]:
    """Every element, and every attribute with the element that it stands in, at any depth."""
    for element in root.iter(etree.Element):
        yield element, None, _name(str(element.tag))
        for attribute in element.attrib:
            yield element, str(attribute), _name(str(attribute))


def _name(tag: str) -> _Name:
    name = QName(tag)
    return name.namespace or "", name.localname


def _would_lie(name: _Name) -> bool:
    # The directory of a container counts bytes behind a picture that is no longer there.
    return _why_left_out(name) is not None or name[0].startswith(_CONTAINER)


def _why_left_out(name: _Name) -> LeftOut | None:
    namespace, local = name
    if namespace == _THUMBNAIL or name == (_XMP, "Thumbnails"):
        return LeftOut.PREVIEW
    if namespace in _GAIN_MAPS:
        return LeftOut.GAIN_MAP
    if namespace.startswith(_PICTURES):
        return LeftOut.FURTHER_PICTURES
    if namespace == _CAMERA and local.startswith(("MicroVideo", "MotionPhoto")):
        return LeftOut.VIDEO
    if "c2pa" in namespace or name == (_DUBLIN_CORE_TERMS, "provenance"):
        return LeftOut.CREDENTIALS
    return None


def _is_place(name: _Name) -> bool:
    local = name[1].lower()
    return name in _PLACES or local.startswith("gps") or "latitude" in local or "longitude" in local


def _set_where_stated(root: _Element, name: str, number: int) -> None:
    """Set a property in the form it has, in every description that has it."""
    for description in descriptions(root):
        if name in description.attrib:
            description.set(name, str(number))
        for element in description.findall(name):
            element.clear()
            element.text = str(number)


def _set(root: _Element, name: str, value: str) -> None:
    """Make this text the one value of a property of IPTC's extension schema."""
    property_name = f"{{{_IPTC_EXTENSION}}}{name}"
    remove_property(root, property_name)
    element = etree.SubElement(descriptions(root)[0], property_name, nsmap={"Iptc4xmpExt": _IPTC_EXTENSION})
    element.text = _NOT_XML.sub("", value)


def _forget_unused_namespaces(root: _Element) -> None:
    """Drop the declarations of what was removed: some viewers look no further to find a gain map."""
    declared = {pair for element in (root, *root, *descriptions(root)) for pair in element.nsmap.items()}
    kept = [prefix for prefix, uri in declared if prefix and not _would_lie((uri, ""))]
    etree.cleanup_namespaces(root, keep_ns_prefixes=kept)
