"""XMP packets: what an edit changes in them, and what it never touches."""

import pytest
from lxml import etree

from nti_desktop.photo.metadata import Metadata, for_export
from nti_desktop.photo.metadata.xmp import joined, parse_packet, split
from tests.metadata_files import CAMERA_PACKET, KEPT_ATTRIBUTES, KEPT_PROPERTIES, NOTES, packet

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
TIFF = "{http://ns.adobe.com/tiff/1.0/}"
GARDEN = "{http://www.example.com/garden/1.0/}"


def exported(xmp: bytes, *, location: bool = True, program: str = "A photo editor", prompt: str | None = None) -> bytes:
    return for_export(Metadata(xmp=xmp), (30, 50), location=location, program=program, prompt=prompt).xmp


def properties(xmp: bytes) -> dict[str, str | None]:
    """Text of each property of all descriptions, by its name; fails on one that is there twice."""
    root = parse_packet(xmp)
    assert root is not None
    found = [
        pair
        for description in root.iter(f"{RDF}Description")
        for pair in (*description.attrib.items(), *((child.tag, child.text) for child in description))
        if pair[0] != f"{RDF}about"
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


def test_properties_nobody_here_knows_stay_to_the_letter() -> None:
    def said(xmp: bytes) -> set[bytes]:
        root = parse_packet(xmp)
        assert root is not None
        elements = root.findall(f".//{RDF}Description/*")
        return {etree.tostring(element, method="c14n", exclusive=True, with_tail=False) for element in elements}

    kept = packet(KEPT_PROPERTIES, KEPT_ATTRIBUTES)
    assert said(kept) < said(exported(kept))
    assert properties(kept).items() < properties(exported(kept)).items()


@pytest.mark.parametrize("prefix", [b"garden", b"crs", b"stEvt", b"photoshop"])
def test_prefixes_stay_declared_whether_they_are_used_or_not(prefix: bytes) -> None:
    assert b"xmlns:" + prefix + b"=" in exported(packet(KEPT_PROPERTIES))


def test_a_property_is_changed_in_the_form_it_has() -> None:
    as_attribute = exported(packet("", 'tiff:Orientation="6"'))
    assert b'tiff:Orientation="1"' in as_attribute
    as_element = exported(packet('<tiff:Orientation xml:lang="en">6</tiff:Orientation>'))
    assert b"<tiff:Orientation>1</tiff:Orientation>" in as_element


def test_sizes_that_a_packet_does_not_state_are_not_added() -> None:
    stated = properties(exported(packet("<tiff:ImageWidth>60</tiff:ImageWidth>")))
    assert stated[f"{TIFF}ImageWidth"] == "30"
    assert not stated.keys() & {f"{TIFF}ImageLength", f"{TIFF}Orientation"}


def test_a_property_in_a_later_description_is_found_too() -> None:
    second = '</rdf:Description><rdf:Description rdf:about="" tiff:Orientation="8">'
    xmp = packet(second).replace(b"<rdf:RDF ", b'<rdf:RDF xmlns:tiff="http://ns.adobe.com/tiff/1.0/" ')
    assert properties(exported(xmp))[f"{TIFF}Orientation"] == "1"


def test_an_edit_says_that_a_model_took_part_in_the_words_of_iptc() -> None:
    stated = properties(exported(b"", program="A photo editor 1.0", prompt="a garden in spring"))
    assert stated == {
        f"{IPTC}DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia",
        f"{IPTC}AISystemUsed": "A photo editor 1.0",
        f"{IPTC}AIPromptInformation": "a garden in spring",
    }


def test_a_prompt_is_only_told_when_it_is_given() -> None:
    assert f"{IPTC}AIPromptInformation" not in properties(exported(b""))


@pytest.mark.parametrize("as_attribute", [False, True])
def test_what_a_photo_says_about_another_system_is_replaced(as_attribute: bool) -> None:
    said = {"DigitalSourceType": "http://x/digitalCapture", "AISystemUsed": "Another", "AISystemVersionUsed": "7"}
    if as_attribute:
        xmp = packet("", " ".join(f'Iptc4xmpExt:{name}="{value}"' for name, value in said.items()))
    else:
        xmp = packet("".join(f"<Iptc4xmpExt:{name}>{value}</Iptc4xmpExt:{name}>" for name, value in said.items()))
    stated = properties(exported(xmp))
    assert stated.keys() == {f"{IPTC}DigitalSourceType", f"{IPTC}AISystemUsed"}
    assert "Another" not in stated.values()


def test_any_characters_of_a_prompt_make_a_packet_that_can_be_read() -> None:
    prompt = 'a <b> & "c"\0\x1b\ud800\ufffe naïef 花 🌼\n]]>'
    stated = properties(exported(b"", prompt=prompt))
    assert stated[f"{IPTC}AIPromptInformation"] == 'a <b> & "c" naïef 花 🌼\n]]>'


def test_the_picture_before_a_blur_is_taken_out_and_its_namespace_forgotten() -> None:
    image = 'xmlns:GImage="http://ns.google.com/photos/1.0/image/" GImage:Data="c29tZXRoaW5n"'
    after = exported(packet(KEPT_PROPERTIES, image))
    assert b"GImage" not in after
    assert b"photos/1.0/image" not in after


def test_places_inside_structures_are_taken_out_without_location() -> None:
    pantry = '<xmpMM:Pantry><rdf:Bag><rdf:li exif:GPSLatitude="12,22.2N" xmp:Rating="3"/></rdf:Bag></xmpMM:Pantry>'
    assert b"12,22.2N" in exported(packet(pantry))
    after = exported(packet(pantry), location=False)
    assert b"12,22.2N" not in after
    assert b'xmp:Rating="3"' in after


@pytest.mark.parametrize(
    "name",
    ["http://ns.adobe.com/xmp/1.0/DynamicMedia/ shotLocation", "http://rs.tdwg.org/dwc/index.htm decimalLatitude"],
)
def test_a_place_that_rarer_schemas_name_is_taken_out_without_location(name: str) -> None:
    namespace, local = name.split()
    said = packet(f'<a:{local} xmlns:a="{namespace}">12.37</a:{local}>')
    assert b"12.37" in exported(said)
    assert b"12.37" not in exported(said, location=False)


def test_the_address_of_a_creator_is_not_the_place_of_a_photo() -> None:
    contact = (
        '<Iptc4xmpCore:CreatorContactInfo Iptc4xmpCore:CiAdrCity="Utrecht" xmlns:Iptc4xmpCore='
        '"http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"/>'
    )
    assert b"Utrecht" in exported(packet(contact), location=False)


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>'
)


@pytest.mark.parametrize(
    "damaged",
    [
        b"not XML",
        CAMERA_PACKET[:1000],
        CAMERA_PACKET.replace(b"</rdf:RDF>", b""),
        b"<html/>",
        BOMB.encode() + packet("<dc:title>&c;</dc:title>").partition(b"?>")[2],
        BOMB.encode() + packet("", 'garden:Keeper="&c;"').partition(b"?>")[2],
        b'<!DOCTYPE x SYSTEM "file:///etc/hostname">' + packet("").partition(b"?>")[2],
        packet("<dc:title>&undeclared;</dc:title>"),
        packet("<dc:title>\xff</dc:title>".encode("latin-1").decode("latin-1")).replace("ÿ".encode(), b"\xff"),
        packet("<garden:Bed>" * 300 + "</garden:Bed>" * 300),
    ],
    ids=["text", "cut", "unclosed", "html", "bomb", "bomb-attribute", "external", "entity", "encoding", "deep"],
)
def test_a_packet_that_cannot_be_trusted_makes_room_for_a_new_one(damaged: bytes) -> None:
    assert parse_packet(damaged) is None
    assert properties(exported(damaged)).keys() == {f"{IPTC}DigitalSourceType", f"{IPTC}AISystemUsed"}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_packet_in_utf_16_is_read_and_becomes_utf_8(encoding: str) -> None:
    wide = ("\ufeff" + CAMERA_PACKET.decode().replace("\ufeff", "")).encode(encoding)
    assert b"gradient &amp; light" in exported(wide)


def test_zeros_behind_a_packet_do_no_harm() -> None:
    assert b"gradient &amp; light" in exported(CAMERA_PACKET + b"\0")


def test_rdf_without_a_wrapper_is_a_packet() -> None:
    bare = CAMERA_PACKET[CAMERA_PACKET.index(b"<rdf:RDF") : CAMERA_PACKET.index(b"</x:xmpmeta>")]
    assert b"gradient &amp; light" in exported(bare)


@pytest.mark.parametrize("most", [65_504, 5_000])
@pytest.mark.parametrize("as_attribute", [False, True])
def test_a_long_packet_is_cut_in_two_and_joined_again_without_loss(most: int, as_attribute: bool) -> None:
    notes = f'garden:Notes="{NOTES}"' if as_attribute else ""
    long = packet(KEPT_PROPERTIES + ("" if as_attribute else f"<garden:Notes>{NOTES}</garden:Notes>"), notes)
    main, extension = split(long, most)
    assert len(main) <= most
    assert b"xmpNote:HasExtendedXMP=" in main
    assert b"garden:Notes" in extension
    assert properties(extension)[f"{GARDEN}Notes"] == NOTES
    assert properties(joined(main, extension)) == properties(long)


def test_a_packet_that_fits_is_not_cut() -> None:
    assert split(CAMERA_PACKET, len(CAMERA_PACKET)) == (CAMERA_PACKET, b"")


def test_only_as_much_is_moved_to_the_extension_as_must_be() -> None:
    main, _ = split(packet(KEPT_PROPERTIES + f"<garden:Notes>{NOTES}</garden:Notes>"), 65_504)
    assert properties(main).keys() >= properties(packet(KEPT_PROPERTIES)).keys()


def test_a_packet_that_cannot_be_cut_small_enough_is_left_out_whole() -> None:
    assert split(CAMERA_PACKET, 300) == (b"", b"")
    assert split(b"no packet at all", 10) == (b"", b"")


def test_both_parts_of_a_cut_packet_are_about_the_same_thing() -> None:
    about = packet(f"<garden:Notes>{NOTES}</garden:Notes>").replace(b'rdf:about=""', b'rdf:about="uuid:1234"')
    main, extension = split(about, 65_504)
    assert b'rdf:about="uuid:1234"' in extension
    assert joined(main, extension.replace(b"uuid:1234", b"")).count(b'rdf:about="uuid:1234"') == 2
