"""SBDI in small: a director, sources with containers that count together, stores of two kinds, and a replica."""
