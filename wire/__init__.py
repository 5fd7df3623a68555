"""The OpenAI wire format as we speak it to others: errors, lists, bearer keys, ids. No models, no views."""
