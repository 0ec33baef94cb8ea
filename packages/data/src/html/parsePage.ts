// A page's tree of elements, however deep the page says that they are nested.
import { type Document, DomHandler } from "domhandler";
import { Parser } from "htmlparser2";

/** Characters parsed before the depth is looked at. */
const pieceLength = 16_384;
/** Elements left open at once: the parser's time grows with their square. No page made for readers has as many. */
const maxOpenElements = 2000;

class PageHandler extends DomHandler {
  get openElements(): number {
    return this.tagStack.length;
  }
}

/** The tree of a page. Where more than 2,000 elements are open the rest of the page is left out. */
export function parsePage(html: string): Document {
  const handler = new PageHandler();
  const parser = new Parser(handler, { lowerCaseAttributeNames: true });
  for (let at = 0; at < html.length && handler.openElements <= maxOpenElements; at += pieceLength) {
    parser.write(html.slice(at, at + pieceLength));
  }
  parser.end();
  return handler.root;
}
