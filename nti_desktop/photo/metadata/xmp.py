"""XMP packets: parsed without trust, written, and cut in two where a JPEG segment is too short for one.

ISO 16684-1 (XMP specification part 1) and XMP specification part 3, 1.1.3.1 (extended XMP in JPEG).
"""

import hashlib
from collections.abc import Iterator, Mapping

from lxml import etree
from lxml.etree import QName, _Element

_RDF_NAMESPACE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_META = "adobe:ns:meta/"
_NOTE = "http://ns.adobe.com/xmp/note/"
_HAS_EXTENDED = f"{{{_NOTE}}}HasExtendedXMP"
_ABOUT = f"{{{_RDF_NAMESPACE}}}about"
_RDF = f"{{{_RDF_NAMESPACE}}}RDF"
_DESCRIPTION = f"{{{_RDF_NAMESPACE}}}Description"
_MOST_BYTES = 16 << 20  # a tree of elements takes many times the bytes of its text
_NOTE_BYTES = 200  # room for the attribute that names an extension, and its namespace

_EMPTY = f'<x:xmpmeta xmlns:x="{_META}"><rdf:RDF xmlns:rdf="{_RDF_NAMESPACE}"/></x:xmpmeta>'
_HEADER = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'.encode()
_TRAILER = b'\n<?xpacket end="w"?>'

etree.register_namespace("xmpNote", _NOTE)  # some readers know the prefix better than XML


def parse_packet(packet: bytes) -> _Element | None:
    """The root of a packet that holds RDF, None when it is not well-formed, has a document type or is too long.

    Nothing outside the packet is ever loaded and no entity is replaced.
    """
    if len(packet) > _MOST_BYTES:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    bytewise = 0 not in packet[:4]  # and not UTF-16 or UTF-32
    try:
        root = etree.fromstring(packet.strip(b"\0\t\n\r ") if bytewise else packet, parser)
    except etree.XMLSyntaxError:
        return None
    if root.getroottree().docinfo.internalDTD is not None or next(root.iter(_RDF), None) is None:
        return None
    return root


def empty_packet() -> _Element:
    """A packet that says nothing."""
    return etree.fromstring(_EMPTY)


def packet_bytes(root: _Element) -> bytes:
    """The packet in UTF-8 with its wrapper, without padding."""
    return _HEADER + etree.tostring(root, encoding="unicode", with_tail=False).encode() + _TRAILER


def descriptions(root: _Element) -> list[_Element]:
    """The elements that hold the packet's properties; one is made where there is none."""
    found = [child for child in _rdf(root) if child.tag == _DESCRIPTION]
    return found or [_add_description(root, {_ABOUT: ""})]


def remove_property(root: _Element, name: str) -> None:
    """Take a property, in any form, out of all descriptions. name: "{namespace}name"."""
    for description in descriptions(root):
        description.attrib.pop(name, "")
        for element in description.findall(name):
            description.remove(element)


def extension_named(packet: bytes) -> str | None:
    """The GUID of the extended part that a main packet names: the MD5 of that part in 32 hexadecimal digits."""
    root = parse_packet(packet)
    for description in descriptions(root) if root is not None else ():
        guid = description.get(_HAS_EXTENDED) or description.findtext(_HAS_EXTENDED)
        if guid:
            return guid
    return None


def joined(main: bytes, extension: bytes) -> bytes:
    """One packet of both; of the main one alone where the extension cannot be parsed. main: a parsable packet."""
    root, further = parse_packet(main), parse_packet(extension)
    assert root is not None
    remove_property(root, _HAS_EXTENDED)
    first = descriptions(root)[0]
    for description in reversed(descriptions(further) if further is not None else []):
        description.attrib.pop(_ABOUT, "")
        if about := first.get(_ABOUT):
            description.set(_ABOUT, about)
        first.addnext(description)
    return packet_bytes(root)


def split(packet: bytes, most: int) -> tuple[bytes, bytes]:
    """A main packet of at most `most` bytes and an extension that holds the longest properties, empty if all fits.

    Both are empty for a packet that is too long and cannot be split.
    """
    if len(packet) <= most:
        return packet, b""
    root = parse_packet(packet)
    if root is None:
        return b"", b""
    extension = empty_packet()
    about = {_ABOUT: descriptions(root)[0].get(_ABOUT, "")}
    takers = {}
    for source in descriptions(root):
        prefixes = {prefix: uri for prefix, uri in source.nsmap.items() if prefix}
        takers[source] = _add_description(extension, about, prefixes)
    too_many = len(packet_bytes(root)) + _NOTE_BYTES - most
    properties = [(size, description, name) for description in descriptions(root) for size, name in _sizes(description)]
    for size, description, name in sorted(properties, key=lambda found: found[0], reverse=True):
        if too_many <= 0:
            break
        too_many -= size
        if isinstance(name, str):
            takers[description].set(name, description.attrib.pop(name))
        else:
            takers[description].append(name)
    extended = etree.tostring(extension, encoding="unicode").encode()
    descriptions(root)[0].set(_HAS_EXTENDED, extension_guid(extended))
    main = packet_bytes(root)
    return (main, extended) if len(main) <= most else (b"", b"")


def extension_guid(extension: bytes) -> str:
    """The name by which a main packet finds its extension: the MD5 sum, in hexadecimal."""
    return hashlib.md5(extension, usedforsecurity=False).hexdigest().upper()


def _rdf(root: _Element) -> _Element:
    return next(root.iter(_RDF))


def _add_description(
    root: _Element, attributes: dict[str, str], namespaces: Mapping[str, str] | None = None
) -> _Element:
    """A further description at the end. namespaces: by prefix, to be declared there."""
    return etree.SubElement(_rdf(root), _DESCRIPTION, attributes, nsmap=namespaces)


def _sizes(description: _Element) -> Iterator[tuple[int, str | _Element]]:
    """Each property, as an attribute's name or an element, and the least number of bytes it takes in the packet."""
    for name, value in description.attrib.items():
        if name != _ABOUT:
            yield len(value), str(name)
    for child in description.iterchildren(etree.Element):
        texts = sum(len(element.text or "") + len(element.tail or "") for element in child.iter())
        names = sum(2 * len(QName(element).localname) for element in child.iter(etree.Element))
        values = sum(len(value) for element in child.iter(etree.Element) for value in element.attrib.values())
        yield texts + names + values, child
