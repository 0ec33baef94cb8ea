// How the report looks: one column, system fonts, light or dark as the reader's system.

export const reportStyle = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2430; --soft: #5d6776; --line: #d9dee6; --mark: #2f6fb2; --panel: #f5f7fa }
@media (prefers-color-scheme: dark) { :root { --paper: #14181e; --ink: #e3e8ef; --soft: #98a3b3; --line: #323a46; --mark: #6fa8e0; --panel: #1d232b } }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 820px; margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { font-size: 1.6rem; margin: .5rem 0 1rem; overflow-wrap: anywhere } h2 { font-size: 1.2rem; margin: 2.6rem 0 .4rem } h3 { font-size: 1rem; margin: 1.4rem 0 .2rem }
p { margin: .3rem 0 .8rem; color: var(--soft) }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem }
.facts div { background: var(--panel); border-radius: 8px; padding: .7rem .9rem } .facts b { display: block; font-size: 1.3rem } .facts span { color: var(--soft); font-size: .85rem }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th { font-weight: 400; text-align: left; overflow-wrap: anywhere } td.number, th.number { text-align: right; white-space: nowrap }
.grid th, .grid td { padding: .3rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top } .grid th { overflow-wrap: break-word } .grid thead th { color: var(--soft); font-size: .85rem }
.bars { table-layout: fixed } .bars th { width: 30%; padding: .15rem .6rem .15rem 0 } .bars td.number { padding-left: .6rem; width: 9.5rem } .bars svg { display: block }
.wide { overflow-x: auto }
.mark { fill: var(--mark) } .histogram { display: block; margin: .4rem 0 } .histogram line { stroke: var(--line) } .histogram text { fill: var(--soft); font-size: 12px }
details { border-bottom: 1px solid var(--line); padding: .35rem 0 } summary { cursor: pointer; display: flex; gap: .8rem; justify-content: space-between } summary span { color: var(--soft); white-space: nowrap }
summary b { font-weight: 400; overflow-wrap: anywhere } summary b::before { content: "▸ "; color: var(--soft) } details[open] summary b::before { content: "▾ " } summary::-webkit-details-marker { display: none }
figure { margin: .5rem 0; background: var(--panel); border-radius: 8px; padding: .6rem .8rem } figcaption { color: var(--soft); font-size: .8rem; overflow-wrap: anywhere }
blockquote { margin: .2rem 0 0; font-size: .9rem; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 9rem; overflow-y: auto }
`;
