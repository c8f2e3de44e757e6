"""Parts that several memories share; users import none of them."""
