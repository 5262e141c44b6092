"""The pages that a reviewer opens first."""

from generator.review.opening import opening
from generator.review.pages import Review, review_pages
from generator.review.summary import Section, summarize

__all__ = ["Review", "Section", "opening", "review_pages", "summarize"]
