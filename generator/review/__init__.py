"""The pages that a reviewer opens first."""

from generator.review.pages import Review, review_pages
from generator.review.protection import protection
from generator.review.summary import Section, summarize

__all__ = ["Review", "Section", "protection", "review_pages", "summarize"]
