"""From a question to an answer. `answer.answer` is the order; every other module here is one stage of it."""
