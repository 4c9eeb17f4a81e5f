"""XML that strangers made -> a small tree, bounded, with no document type, no entities and nothing fetched. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from xml.parsers import expat

from geo.places.features import unreadable

# A building of 80 rooms in full 3D is 23,000 elements.
ELEMENTS_MAX = 500_000
DEPTH_MAX = 60


class Element:
    """An element by its local name (the namespaces of IndoorGML's editions differ, its names do not)."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name, self.attributes = name, attributes
        self.children: list[Element] = []
        self.text = ""

    @property
    def id(self) -> str | None:
        """gml:id."""
        return self.attributes.get("id")

    @property
    def href(self) -> str | None:
        """xlink:href within the document, without its number sign."""
        link = self.attributes.get("href")
        return link[1:] if link is not None and link.startswith("#") else link

    def all(self, *names: str) -> Iterator[Element]:
        """Every element below with one of the names, in document order."""
        for child in self.children:
            if child.name in names:
                yield child
            yield from child.all(*names)

    def own(self, name: str) -> Iterator[Element]:
        """Children of the name."""
        return (child for child in self.children if child.name == name)

    def word(self, name: str) -> str:
        """The text of the first child of the name, trimmed; nothing when there is none."""
        return next((child.text.strip() for child in self.own(name)), "")


def read_tree(file: str, data: bytes) -> Element:
    """The root of a document. Raises Invalid, naming the file: no XML, a document type, too many elements, too deep."""
    root = Element("", {})
    open_ = [root]
    count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > ELEMENTS_MAX:
            raise unreadable(file, f"more than {ELEMENTS_MAX} elements", f"元素超过 {ELEMENTS_MAX} 个", ELEMENTS_MAX)
        if len(open_) > DEPTH_MAX:
            raise unreadable(file, f"nested deeper than {DEPTH_MAX}", f"嵌套超过 {DEPTH_MAX} 层", DEPTH_MAX)
        element = Element(_local(name), {_local(key): value for key, value in attributes.items()})
        open_[-1].children.append(element)
        open_.append(element)

    def end(_: str) -> None:
        open_.pop()

    def text(characters: str) -> None:
        open_[-1].text += characters

    def doctype(*_: object) -> None:
        # An entity can only be declared in a document type: without one there are no bombs and nothing to fetch.
        raise unreadable(file, "it has a document type, and none is read", "含有文档类型声明，不予读取")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, doctype
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as problem:
        raise unreadable(file, f"no XML: {problem}", f"不是 XML：{problem}") from None
    return root.children[0]


def _local(name: str) -> str:
    return name.rsplit(" ", 1)[-1]
