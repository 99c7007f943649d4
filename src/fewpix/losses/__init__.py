"""Loss terms as pure functions of embeddings, and the objective that names and weighs them."""
