// Lines of boilerplate by rules and by site.
import { describe, expect, it } from "vitest";
import type { Document, Step } from "../document.ts";
import { pipeline } from "../pipeline.ts";
import { findSiteLines, removeBoilerplateLines } from "./boilerplateLines.ts";

async function after(step: Step, documents: readonly Document[]) {
  const run = pipeline(documents, [step]);
  const texts: string[] = [];
  for await (const { text } of run.documents) texts.push(text);
  return { texts, dropped: run.report().steps[0]!.dropped };
}

describe("removeBoilerplateLines", () => {
  it.each([
    "We use cookies to improve your experience.",
    "Wir verwenden Cookies, um Ihnen den besten Service zu bieten.",
    "Abonnez-vous à notre lettre",
    "© 2024 Example. All rights reserved.",
    "Todos los derechos reservados",
    "READ MORE »",
    "Читать далее",
    "プライバシーポリシー",
    "Home > News > City",
    "Login | Register | Cart | Help",
    "https://example.com/some/page?id=5",
    "Don’t miss out: sign up for our newsletter",
  ])("removes: %s", async (line) => {
    const { texts } = await after(removeBoilerplateLines(), [{ id: "0", text: `Before.\n${line}\nAfter.` }]);
    expect(texts).toEqual(["Before.\nAfter."]);
  });

  it.each([
    "She read more than anyone in the village.",
    "The law says that sites must tell visitors when they use cookies, and most of them do so with a banner; we use cookies too, but only those without which the basket would forget what you have put into it.",
    "| a | b | c |",
    "See https://example.com for the data.",
    "Search",
  ])("keeps, but for words alone: %s", async (line) => {
    const { texts } = await after(removeBoilerplateLines(), [{ id: "0", text: `Before.\n${line}\nAfter.` }]);
    expect(texts).toEqual([line === "Search" ? "Before.\nAfter." : `Before.\n${line}\nAfter.`]);
  });

  it("takes further phrases and drops what has nothing else", async () => {
    const step = removeBoilerplateLines({ phrases: ["Buy Now"] });
    const { texts, dropped } = await after(step, [
      { id: "0", text: "buy now and save\nText." },
      { id: "1", text: "Log in\n\nShare" },
    ]);
    expect(texts).toEqual(["Text."]);
    expect(dropped).toEqual({ "only boilerplate": 1 });
  });

  it("removes the lines that a site's pages share", async () => {
    const page = (site: string, i: number): Document => ({
      id: `${site}${i}`,
      text: `The ${site} weekly\n\nStory number ${i} of ${site}.\nSince 1902`,
      metadata: { url: `https://${site}.example/${i}` },
    });
    const documents = [
      ...Array.from({ length: 8 }, (_, i) => page("tide", i)),
      ...Array.from({ length: 3 }, (_, i) => page("hill", i)),
      { id: "none", text: "The tide weekly" },
    ];
    const siteLines = await findSiteLines(documents);
    expect(siteLines.count).toBe(2);
    const { texts } = await after(removeBoilerplateLines({ siteLines }), documents);
    expect(texts[0]).toBe("Story number 0 of tide.");
    expect(texts[8]).toBe("The hill weekly\n\nStory number 0 of hill.\nSince 1902");
    expect(texts.at(-1)).toBe("The tide weekly");
    await expect(findSiteLines([], { minShare: 2 })).rejects.toThrow("expected minShare from 0 to 1, got 2");
  });
});
