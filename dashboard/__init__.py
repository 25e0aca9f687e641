"""The web pages: what a teacher sees of the store, live and afterwards. Nothing here touches the model."""
