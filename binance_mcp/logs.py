"""Logging: on standard error, at one level, in one format, with keys masked."""

import json
import logging
from datetime import UTC, datetime
from typing import Literal

from binance_mcp.masking import mask_tokens


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return mask_tokens(super().format(record))


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        masked = {name: mask_tokens(text) for name, text in line.items()}
        return json.dumps(masked, ensure_ascii=False)


def configure_logging(level: str, style: Literal["plain", "json"]) -> None:
    """Log this package's records from `level` on, and warnings of everything else.

    Other packages log whole requests and answers below that, listen keys included.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(
        _JsonLines()
        if style == "json"
        else _Plain("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("binance_mcp").setLevel(level)
