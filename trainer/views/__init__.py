"""The calls of the OpenAI API that this server answers, a module per noun."""
