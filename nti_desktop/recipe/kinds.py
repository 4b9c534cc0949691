"""What kind of change a word asks for. How long an edit should follow the photo depends on it.

The lists are short on purpose: they hold the words of which it is clear. Every other word is OTHER, and the model's
general windows hold for it.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum

from nti_desktop.recipe.words import Change, align_words, split_words, word_key


class Kind(StrEnum):
    """What a word says of a picture."""

    COLOUR = "colour"
    MATERIAL = "material"
    THING = "thing"
    GROUND = "ground"
    LIGHT = "light"
    WEATHER = "weather"
    FILM = "film"
    OTHER = "other"


_WORDS: Mapping[Kind, str] = {
    Kind.COLOUR: """
        amber azure beige black blond blonde blue brown burgundy charcoal coloured colored colourful
        colorful coral cream crimson cyan dark fuchsia golden gray green grey indigo ivory khaki lavender
        lilac lime magenta maroon mauve mint navy ochre olive orange pale pastel peach pink purple red
        ruby scarlet tan teal turquoise vermilion violet white yellow bright
    """,
    Kind.MATERIAL: """
        aluminium aluminum bamboo brass bronze canvas cardboard ceramic chrome clay concrete copper cotton crystal denim
        fabric felt fluffy furry glass glossy gold granite iron jade knitted lace leather linen marble matte metal
        metallic paper plastic plush polished porcelain rubber rusty satin shiny silk silver silvery steel
        suede transparent velvet wooden wool woolen woollen
    """,
    Kind.THING: """
        airplane apple ball balloon banana basket bear bed bench bicycle bike bird boat book bottle bowl box boy bread
        bridge building bunny bus butterfly cake camera candle car castle cat chair child church clock cone couch cow
        cube cup deer dog doll dragon duck elephant fish flower flowers fox fruit giraffe girl guitar hat horse house
        kitten lamp lion man monkey motorcycle mouse mug owl panda parrot person phone pizza plant plate
        puppy rabbit ring robot rose roses sheep ship sofa squirrel statue sunflower teapot tiger tower train tree trees
        truck vase violin wolf woman zebra
    """,
    Kind.GROUND: """
        asphalt backdrop background beach carpet city cobblestone cobblestones countryside deck desert dirt
        earth field floor forest garden grass gravel ground indoors kitchen landscape lawn meadow mud outdoors
        park parquet path pavement road room sand scene shore sidewalk snow soil stone street table tabletop
        tiled tiles town water woods
    """,
    Kind.LIGHT: """
        afternoon backlight backlit candlelight cloudless cloudy darkness dawn day daylight daytime
        dusk evening glow light lighting lit midday midnight moonlight moonlit morning neon night nighttime noon
        overcast skies sky studio sun sunlight sunlit sunny sunrise sunset sunshine twilight
    """,
    Kind.WEATHER: """
        autumn autumnal blizzard cloud clouds drizzle drizzly fall fog foggy frost frosty hail haze hazy humid
        mist misty rain rainy season sleet snowfall snowing snowstorm snowy spring storm stormy summer thunder
        thunderstorm weather wet wind windy winter wintry
    """,
    Kind.FILM: """
        abstract analog analogue anime art artistic bokeh cartoon cinematic collage comic crayon cubist drawing
        engraving etching film futuristic gouache grain grainy graphite grayscale greyscale illustration
        impressionist ink kodachrome lego lineart lithograph manga monochrome mosaic neoclassical noir oil
        painted painting pencil photography photorealistic pixel polaroid poster realistic render
        rendering retro sepia sketch style stylised stylized surreal surrealist vintage watercolor
        watercolour woodcut
    """,
}
_KINDS: Mapping[str, Kind] = {word: kind for kind, words in _WORDS.items() for word in words.split()}

# Of a picture as a whole: "black and white photo", "pencil drawing" say how it was taken or made.
PICTURES = frozenset(("drawing", "film", "image", "painting", "photo", "photograph", "picture", "print", "sketch"))
_SMALL = """
    a above after an and are as at before behind below beside by for from front in into is its left near next of off
    on onto or over right the their to under very with without
"""
SMALL_WORDS = frozenset(_SMALL.split())
_SETTINGS = frozenset({Kind.GROUND, Kind.LIGHT, Kind.WEATHER, Kind.FILM})


def kind_of(word: str) -> Kind:
    """Look up what kind of word this is by itself, whatever its case; OTHER where that is not clear."""
    return _KINDS.get(word_key(word), Kind.OTHER)


def words_of(kind: Kind) -> tuple[str, ...]:
    """List the words that are known to be of a kind."""
    return tuple(word for word, its in _KINDS.items() if its is kind)


def is_setting(word: str) -> bool:
    """Tell whether a word names what surrounds the things, which no mask can hold: ground, light, weather, film."""
    return kind_of(word) in _SETTINGS


def kinds_in(prompt: str) -> tuple[Kind | None, ...]:
    """For each word of a sentence what it says there; None for small words and punctuation.

    A describing word goes with what it describes: the "green" of "green grass" is the ground's, the "black" of "a
    black and white photo" the film's; that of "a green ball" is a colour, because that is all it changes of the ball.
    """
    words = split_words(prompt)
    kinds: list[Kind | None] = [None] * len(words)
    head: Kind | None = None  # of the nearest word behind that says what is described
    for word in reversed(words):
        folded = word_key(word.text)
        if word.is_punctuation or folded in SMALL_WORDS:
            head = head if folded == "and" else None
            continue
        if folded in PICTURES:
            head = Kind.FILM
            continue
        kind = kind_of(folded)
        if kind in (Kind.COLOUR, Kind.MATERIAL, Kind.OTHER) and head in _SETTINGS:
            kind = head
        kinds[word.position] = kind
        head = kind if kind in _SETTINGS or kind is Kind.THING else None
    return tuple(kinds)


def unsaid_kinds(prompt: str) -> tuple[Kind, ...]:
    """List what a sentence does not say of what nearly every picture shows: colour, material, ground, light."""
    said = set(kinds_in(prompt))
    return tuple(kind for kind in (Kind.COLOUR, Kind.MATERIAL, Kind.GROUND, Kind.LIGHT) if kind not in said)


def changed_kinds(source: str, edit: str, weighted: Collection[int] = ()) -> tuple[tuple[int | None, Kind], ...]:
    """List the words that an edit changes, each by its position in the edit and its kind.

    They are those that differ from the source and those at the positions `weighted`; the position of a removed word is
    None. A swapped word is of its new kind where that is known, else of the kind that the old word was.
    """
    was, now = kinds_in(source), kinds_in(edit)
    found: list[tuple[int | None, Kind]] = []
    for pair in align_words(source, edit):
        before = was[pair.source] if pair.source is not None else None
        kind = now[pair.edit] if pair.edit is not None else before
        if kind in (None, Kind.OTHER) and before is not None:
            kind = before
        if kind is not None and (pair.change is not Change.KEPT or pair.edit in weighted):
            found.append((pair.edit, kind))
    return tuple(found)
