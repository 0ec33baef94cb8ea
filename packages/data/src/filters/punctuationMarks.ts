// The characters that datatrove (Apache-2.0) takes for punctuation, as data, so that decisions are equal.

const marks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~«´»–—’“”„…∶━►、。〈〉《》「」【】！％（），．１：；？～";

/** Characters that end a sentence or line in some script. */
export const terminalPunctuation: ReadonlySet<string> = new Set(
  "!.?։؝؞؟۔܀܁܂߹࠷࠹࠽࠾।॥၊။።፧፨᙮᜵᜶។៕៖៙៚᠃᠉᥄᥅᪨᪩᪪᪫᭚᭛᭞᭟᭽᭾᰻᰼᱾᱿‼‽⁇⁈⁉⸮⸼⹓⹔。꓿꘎꘏꛳꛷꡶꡷꣎꣏꤯꧈꧉꩝꩞꩟꫰꫱꯫﹒﹖﹗！．？｡𐩖𐩗𐽕𐽖𐽗𐽘𐽙𐾆𐾇𐾈𐾉𑁇𑁈𑂾𑂿𑃀𑃁𑅁𑅂𑅃𑇅𑇆𑇍𑇞𑇟𑈸𑈹𑈻𑈼𑊩𑑋𑑌𑗂𑗃𑗉𑗊𑗋𑗌𑗍𑗎𑗏𑗐𑗑𑗒𑗓𑗔𑗕𑗖𑗗𑙁𑙂𑜼𑜽𑜾𑥄𑥆𑩂𑩃𑪛𑪜𑱁𑱂𑻷𑻸𑽃𑽄𖩮𖩯𖫵𖬷𖬸𖭄𖺘𛲟𝪈",
);

/** Whether a code point is a control character, other than the tab and the line feed. */
function isControl(code: number): boolean {
  return (code < 32 && code !== 9 && code !== 10) || (code >= 127 && code < 160);
}

/** Marks that become spaces before texts are compared: no terminal marks of rarer scripts among them. */
export const comparedPunctuation: ReadonlySet<number> = setOf(marks);

/** Code points of which a word without content is made. */
export const punctuation: ReadonlySet<number> = setOf([marks, ...terminalPunctuation].join(""));

function setOf(characters: string): Set<number> {
  const points = new Set(Array.from(characters, (character) => character.codePointAt(0)!));
  for (let code = 0; code < 160; code++) if (isControl(code)) points.add(code);
  return points;
}
