"""The pages that a reviewer opens first."""

from generator.review.pages import Review, review_pages
from generator.review.summary import summarize

__all__ = ["Review", "review_pages", "summarize"]
