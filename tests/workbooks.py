"""Small workbooks, written by hand: XML of Excel and OpenDocument in a zip."""

import datetime
import io
import zipfile
from xml.sax.saxutils import escape

SCHEMAS = "http://schemas.openxmlformats.org"
FORMATS = "application/vnd.openxmlformats"
TYPES = (
    f'<?xml version="1.0"?><Types xmlns="{SCHEMAS}/package/2006/content-types">'
    f'<Default Extension="rels" ContentType="{FORMATS}-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml"'
    f' ContentType="{FORMATS}-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships">{}</Relationships>'
)
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
# The second cell format is that of a day.
STYLES = (
    f'<?xml version="1.0"?><styleSheet {MAIN}><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill/></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/>'
    '<xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime.date):
        moment = datetime.datetime.fromisoformat(value.isoformat())
        days = (moment - datetime.datetime(1899, 12, 30)) / datetime.timedelta(days=1)
        return f'<c s="{1 if days == int(days) else 2}"><v>{days}</v></c>'
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def xlsx(**sheets: list[list[object]]) -> bytes:
    """A workbook of sheets by name, each rows of cells."""
    buffer = io.BytesIO()
    names = list(sheets)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        main = f'<Relationship Id="r1" Type="{RELATION}/officeDocument" Target="xl/workbook.xml"/>'
        archive.writestr("_rels/.rels", RELS.format(main))
        listed = "".join(
            f'<sheet name="{escape(name)}" sheetId="{n}" r:id="r{n}"/>'
            for n, name in enumerate(names, 1)
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<?xml version="1.0"?><workbook {MAIN} xmlns:r="{RELATION}"><sheets>{listed}</sheets>'
            "</workbook>",
        )
        parts = (
            "".join(
                f'<Relationship Id="r{n}" Type="{RELATION}/worksheet"'
                f' Target="worksheets/s{n}.xml"/>'
                for n in range(1, len(names) + 1)
            )
            + f'<Relationship Id="rs" Type="{RELATION}/styles" Target="styles.xml"/>'
        )
        archive.writestr("xl/_rels/workbook.xml.rels", RELS.format(parts))
        archive.writestr("xl/styles.xml", STYLES)
        for n, rows in enumerate(sheets.values(), 1):
            lines = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
            archive.writestr(
                f"xl/worksheets/s{n}.xml",
                f'<?xml version="1.0"?><worksheet {MAIN}><sheetData>{lines}</sheetData>'
                "</worksheet>",
            )
    return buffer.getvalue()


OASIS = "urn:oasis:names:tc:opendocument"


def ods(rows: list[list[str]]) -> bytes:
    """An OpenDocument sheet of texts."""
    buffer = io.BytesIO()
    names = ("office", "table", "text")
    kinds = " ".join(f'xmlns:{name}="{OASIS}:xmlns:{name}:1.0"' for name in names)
    lines = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p>'
            "</table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0"?><office:document-content {kinds}><office:body>'
            f'<office:spreadsheet><table:table table:name="S">{lines}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return buffer.getvalue()
