// What `\w` means in Rust's `regex`, with which Hugging Face `tokenizers` finds words (Oniguruma's lacks the joiners).

/** The inside of a character class. */
export const wordCharacters = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";
