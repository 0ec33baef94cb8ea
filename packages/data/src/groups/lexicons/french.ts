// French words for groups of people. Demonyms as nouns have their capital, as adjectives not; both count.
import { terms } from "./words.ts";

export const frenchGroups = {
  gender: {
    female:
      terms(`femme, femmes, fille, filles, fillette, fillettes, madame, mesdames, mère, mères, maman, sœur, sœurs, soeur, soeurs,
      épouse, épouses, tante, tantes, nièce, nièces, grand-mère, grands-mères, petite amie, reine, reines, princesse, princesses,
      actrice, actrices, femme d'affaires, femmes d'affaires, veuve, veuves, féminin, féminine, féminins, féminines`),
    male: terms(`homme, hommes, garçon, garçons, monsieur, messieurs, père, pères, papa, fils, frère, frères, mari, maris, époux, oncle,
      oncles, neveu, neveux, grand-père, grands-pères, petit ami, roi, rois, prince, princes, acteur, acteurs, homme d'affaires,
      hommes d'affaires, veuf, veufs, masculin, masculine, masculins, masculines`),
    nonBinary: terms(
      "non binaire, non binaires, non-binaire, non-binaires, genderqueer, genderfluid, agenre, iel, iels",
    ),
  },
  ethnicity: {
    black:
      terms(`personne noire, personnes noires, femme noire, femmes noires, homme noir, hommes noirs, Noirs, Noires, Afro-Américain,
      Afro-Américains, Afro-Américaine, Afro-Américaines, afro-américain, afro-américaine, afrodescendant, afrodescendants`),
    white: terms("personne blanche, personnes blanches, femme blanche, femmes blanches, homme blanc, hommes blancs"),
    asian: terms("Asiatique, Asiatiques, asiatique, asiatiques"),
    hispanic: terms(
      "Hispanique, Hispaniques, hispanique, hispaniques, Latino, Latinos, Latina, Latinas, Latino-Américain, Latino-Américains",
    ),
    arab: terms("Arabe, Arabes, arabe, arabes"),
    indigenous: terms(
      "Autochtone, Autochtones, autochtone, autochtones, peuple autochtone, peuples autochtones, Amérindien, Amérindiens, Inuit, Inuits, Māori, Maori",
    ),
    roma: terms("Rom, Roms, Sinté, Sintés"),
  },
  religion: {
    christian: terms(
      "chrétien, chrétiens, chrétienne, chrétiennes, catholique, catholiques, protestant, protestants, protestante, protestantes, christianisme",
    ),
    muslim: terms("musulman, musulmans, musulmane, musulmanes, islam, islamique, islamiques"),
    jewish: terms("juif, juifs, juive, juives, judaïsme"),
    hindu: terms("hindou, hindous, hindoue, hindoues, hindouisme"),
    buddhist: terms("bouddhiste, bouddhistes, bouddhisme"),
    sikh: terms("sikh, sikhs, sikhe, sikhes, sikhisme"),
    nonReligious: terms("athée, athées, athéisme, agnostique, agnostiques"),
  },
  age: {
    child: terms("enfant, enfants, bébé, bébés, nourrisson, nourrissons, écolier, écoliers, écolière, écolières"),
    young:
      terms(`adolescent, adolescents, adolescente, adolescentes, jeune homme, jeunes hommes, jeune femme, jeunes femmes, jeunes gens,
      jeune fille, jeunes filles, jeune adulte, jeunes adultes`),
    middle: terms("d'âge moyen, d'âge mûr, quinquagénaire, quinquagénaires"),
    older:
      terms(`personne âgée, personnes âgées, vieil homme, vieille femme, vieux, vieilles femmes, retraité, retraités, retraitée,
      retraitées, octogénaire, octogénaires`),
  },
  nationality: {
    us: terms("américain, américains, américaine, américaines, étatsunien, étatsunienne"),
    gb: terms("britannique, britanniques"),
    ie: terms("irlandais, irlandaise, irlandaises"),
    de: terms("allemand, allemands, allemande, allemandes"),
    fr: terms("français, française, françaises"),
    es: terms("espagnol, espagnols, espagnole, espagnoles"),
    it: terms("italien, italiens, italienne, italiennes"),
    pl: terms("polonais, polonaise, polonaises"),
    ua: terms("ukrainien, ukrainiens, ukrainienne, ukrainiennes"),
    ru: terms("russe, russes"),
    tr: terms("turc, turcs, turque, turques"),
    gr: terms("grec, grecs, grecque, grecques"),
    cn: terms("chinois, chinoise, chinoises"),
    jp: terms("japonais, japonaise, japonaises"),
    kr: terms("coréen, coréens, coréenne, coréennes, sud-coréen, sud-coréens"),
    in: terms("indien, indiens, indienne, indiennes"),
    pk: terms("pakistanais, pakistanaise, pakistanaises"),
    vn: terms("vietnamien, vietnamiens, vietnamienne, vietnamiennes"),
    ir: terms("iranien, iraniens, iranienne, iraniennes"),
    sy: terms("syrien, syriens, syrienne, syriennes"),
    il: terms("israélien, israéliens, israélienne, israéliennes"),
    eg: terms("égyptien, égyptiens, égyptienne, égyptiennes"),
    ng: terms("nigérian, nigérians, nigériane, nigérianes"),
    za: terms("sud-africain, sud-africains, sud-africaine, sud-africaines"),
    mx: terms("mexicain, mexicains, mexicaine, mexicaines"),
    br: terms("brésilien, brésiliens, brésilienne, brésiliennes"),
    ca: terms("canadien, canadiens, canadienne, canadiennes"),
    au: terms("australien, australiens, australienne, australiennes"),
  },
  disability: {
    general: terms(
      "personne handicapée, personnes handicapées, personne en situation de handicap, personnes en situation de handicap, handicap, handicaps",
    ),
    blind: terms("aveugle, aveugles, malvoyant, malvoyants, malvoyante, malvoyantes, déficience visuelle"),
    deaf: terms(
      "sourd, sourds, sourde, sourdes, malentendant, malentendants, malentendante, malentendantes, sourdaveugle",
    ),
    mobility: terms(
      "en fauteuil roulant, paraplégique, paraplégiques, tétraplégique, tétraplégiques, handicap moteur, amputé, amputés, amputée",
    ),
    intellectual: terms(
      "déficience intellectuelle, handicap mental, handicap intellectuel, trisomie 21, trisomique, trisomiques",
    ),
    neurodivergent: terms(
      "autiste, autistes, autisme, neurodivergent, neurodivergents, neurodivergente, TDAH, dyslexie, dyslexique, dyslexiques",
    ),
    mentalHealth: terms(
      "maladie mentale, maladies mentales, troubles psychiques, trouble psychique, dépression, trouble bipolaire, schizophrénie, trouble anxieux",
    ),
  },
} as const;
