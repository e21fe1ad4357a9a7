import zipfile
from fractions import Fraction

import pytest

from music.errors import MusicError
from music.musicxml import XmlNote, read_parts

# One part, one and a half bars: what a reader gets wrong stands in it.
SCORE = """<?xml version="1.0"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.0 Partwise//EN" "partwise.dtd">
<score-partwise version="3.0">
 <part-list><score-part id="P1"><part-name> Alto </part-name></score-part></part-list>
 <part id="P1">
  <measure number="0">
   <attributes><divisions>2</divisions><key><fifths>-2</fifths></key>
    <time><beats>4</beats><beat-type>4</beat-type></time></attributes>
   <note><grace/><pitch><step>D</step><octave>5</octave></pitch></note>
   <note><pitch><step>B</step><alter>-1</alter><octave>3</octave></pitch><duration>2</duration>
    <tie type="start"/></note>
  </measure>
  <measure number="1">
   <attributes><divisions>4</divisions></attributes>
   <note><pitch><step>B</step><alter>-1</alter><octave>3</octave></pitch><duration>2</duration>
    <tie type="stop"/><tie type="start"/><notations><fermata/></notations></note>
   <note><chord/><pitch><step>D</step><octave>4</octave></pitch><duration>2</duration></note>
   <note><rest/><duration>2</duration></note>
   <note><pitch><step>C</step><alter>1</alter><octave>4</octave></pitch><duration>4</duration></note>
   <backup><duration>4</duration></backup>
   <forward><duration>3</duration></forward>
  </measure>
 </part>
</score-partwise>"""


@pytest.mark.parametrize("suffix", [".xml", ".mxl"])
def test_notes_rests_ties_and_divisions(tmp_path, suffix):
    path = tmp_path / f"score{suffix}"
    if suffix == ".xml":
        path.write_text(SCORE)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inner/score.xml", SCORE)
            archive.writestr(
                "META-INF/container.xml",
                '<container xmlns="urn:x"><rootfiles>'
                '<rootfile full-path="inner/score.xml"/></rootfiles></container>',
            )
    (part,) = read_parts(path)
    assert (part.name, part.sharps, part.times) == ("Alto", -2, ("4/4",))
    pickup, bar = part.measures
    assert pickup.length == 1
    assert pickup.notes == (XmlNote(Fraction(0), Fraction(1), 58, False, False),)
    assert bar.length == 2
    assert bar.notes == (
        XmlNote(Fraction(0), Fraction(1, 2), 58, True, True),
        XmlNote(Fraction(1, 2), Fraction(1, 2), None, False, False),
        XmlNote(Fraction(1), Fraction(1), 61, False, False),
    )


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "score.mxl"
    path.write_bytes(b"MThd")
    with pytest.raises(MusicError, match=r"score\.mxl is not MusicXML"):
        read_parts(path)
    path = tmp_path / "score.xml"
    path.write_text("<score-timewise/>")
    with pytest.raises(MusicError, match="its root is <score-timewise>"):
        read_parts(path)
