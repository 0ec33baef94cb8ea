// The tokens of byte-level pieces with their places: a token that is part of a character stands for the whole of it.
import type { TextToken } from "./encoding.ts";
import { type PieceCutter, pieceEnds, wholeText } from "./pieceCutter.ts";
import type { BpeTables, PieceEncoder } from "./pieceEncoder.ts";
import type { TextRange } from "./splitPatterns.ts";
import type { PieceTokenizer } from "./textPipeline.ts";
import { TextUnits } from "./textUnits.ts";
import { TokenBuffer } from "./tokenBuffer.ts";

/** The pieces that `cutter` cuts a text into. */
export function pieceRanges(text: string, cutter: PieceCutter): TextRange[] {
  const units = new TextUnits().load(text);
  const ranges: TextRange[] = [];
  for (let start = 0; start < text.length; ) {
    const from = start;
    const count = cutter.cut(units, from, text.length);
    for (const pieceEnd of pieceEnds.subarray(0, count)) {
      const end = from + pieceEnd;
      ranges.push({ start, end });
      start = end;
    }
  }
  return ranges;
}

/** Cuts pieces with `encoder` and finds each token's place from its length in bytes. */
export function byteLevelPieces(tables: BpeTables, encoder: PieceEncoder): PieceTokenizer {
  const { vocabulary, unknownId, fuseUnknown } = tables;
  return function* tokens(piece: string): Generator<TextToken> {
    const out = new TokenBuffer();
    encoder.encode(piece, wholeText, out);
    const { starts, ends, isKnown } = bytePlaces(piece, encoder);
    let from = 0;
    for (const id of out.take()) {
      let to = from + 1;
      if (id !== unknownId) to = from + vocabulary.bytesOf(id)!.length;
      else while (fuseUnknown && to < isKnown.length && !isKnown[to]) to++;
      yield { id, token: vocabulary.idToToken(id)!, start: starts[from]!, end: ends[to - 1]! };
      from = to;
    }
  };
}

/** For each byte of the piece's UTF-8 the code units of its character, and whether it is a token of its own. */
function bytePlaces(
  piece: string,
  encoder: PieceEncoder,
): { readonly starts: number[]; readonly ends: number[]; readonly isKnown: boolean[] } {
  const starts: number[] = [];
  const ends: number[] = [];
  const isKnown: boolean[] = [];
  let start = 0;
  for (const character of piece) {
    const end = start + character.length;
    for (const byte of Buffer.from(character)) {
      starts.push(start);
      ends.push(end);
      isKnown.push(encoder.knowsByte(byte));
    }
    start = end;
  }
  return { starts, ends, isKnown };
}
