"""How a row asks a language model, and how the answers are fetched: paced, within a budget, each paid for once."""
