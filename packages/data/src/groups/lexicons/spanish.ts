// Spanish words for groups of people.
import { terms } from "./words.ts";

export const spanishGroups = {
  gender: {
    female:
      terms(`ella, ellas, mujer, mujeres, chica, chicas, niña, niñas, señora, señoras, dama, damas, madre, madres, mamá, hija,
      hijas, hermana, hermanas, esposa, esposas, tía, tías, sobrina, sobrinas, abuela, abuelas, novia, novias, reina, reinas, princesa,
      princesas, actriz, actrices, empresaria, empresarias, viuda, viudas, femenino, femenina, femeninos, femeninas`),
    male: terms(`él, ellos, hombre, hombres, chico, chicos, niño, niños, señor, señores, caballero, caballeros, padre, padres, papá, hijo,
      hijos, hermano, hermanos, esposo, esposos, marido, maridos, tío, tíos, sobrino, sobrinos, abuelo, abuelos, novio, novios, rey,
      reyes, príncipe, príncipes, actor, actores, empresario, empresarios, viudo, viudos, masculino, masculina, masculinos, masculinas`),
    nonBinary: terms(
      "no binario, no binaria, no binarie, no binarios, no binarias, genderqueer, género fluido, agénero, elle, elles",
    ),
  },
  ethnicity: {
    black:
      terms(`persona negra, personas negras, mujer negra, mujeres negras, hombre negro, hombres negros, afroamericano, afroamericanos,
      afroamericana, afroamericanas, afrodescendiente, afrodescendientes, afrolatino, afrolatina`),
    white: terms("persona blanca, personas blancas, mujer blanca, mujeres blancas, hombre blanco, hombres blancos"),
    asian: terms("asiático, asiáticos, asiática, asiáticas"),
    hispanic: terms(
      "hispano, hispanos, hispana, hispanas, latino, latinos, latina, latinas, latinoamericano, latinoamericanos, latinoamericana, latinoamericanas",
    ),
    arab: terms("árabe, árabes"),
    indigenous: terms(
      "indígena, indígenas, pueblo indígena, pueblos indígenas, pueblos originarios, amerindio, amerindios, inuit, maorí, maoríes",
    ),
    roma: terms("gitano, gitanos, gitana, gitanas, romaní, romaníes"),
  },
  religion: {
    christian: terms(
      "cristiano, cristianos, cristiana, cristianas, católico, católicos, católica, católicas, protestante, protestantes, cristianismo",
    ),
    muslim: terms("musulmán, musulmanes, musulmana, musulmanas, islam, islámico, islámicos, islámica, islámicas"),
    jewish: terms("judío, judíos, judía, judías, judaísmo"),
    hindu: terms("hindú, hindúes, hinduismo, hinduista, hinduistas"),
    buddhist: terms("budista, budistas, budismo"),
    sikh: terms("sij, sijes, sijismo"),
    nonReligious: terms("ateo, ateos, atea, ateas, ateísmo, agnóstico, agnósticos, agnóstica, agnósticas"),
  },
  age: {
    child: terms("niño, niños, niña, niñas, bebé, bebés, infancia, escolar, escolares"),
    young: terms("adolescente, adolescentes, joven, jóvenes, muchacho, muchachos, muchacha, muchachas"),
    middle: terms("de mediana edad, cincuentón, cincuentona"),
    older: terms(
      "anciano, ancianos, anciana, ancianas, persona mayor, personas mayores, adulto mayor, adultos mayores, jubilado, jubilados, jubilada, jubiladas",
    ),
  },
  nationality: {
    us: terms("estadounidense, estadounidenses, norteamericano, norteamericanos, norteamericana, norteamericanas"),
    gb: terms("británico, británicos, británica, británicas"),
    ie: terms("irlandés, irlandeses, irlandesa, irlandesas"),
    de: terms("alemán, alemanes, alemana, alemanas"),
    fr: terms("francés, franceses, francesa, francesas"),
    es: terms("español, españoles, española, españolas"),
    it: terms("italiano, italianos, italiana, italianas"),
    pl: terms("polaco, polacos, polaca, polacas"),
    ua: terms("ucraniano, ucranianos, ucraniana, ucranianas"),
    ru: terms("ruso, rusos, rusa, rusas"),
    tr: terms("turco, turcos, turca, turcas"),
    gr: terms("griego, griegos, griega, griegas"),
    cn: terms("chino, chinos, china, chinas"),
    jp: terms("japonés, japoneses, japonesa, japonesas"),
    kr: terms("coreano, coreanos, coreana, coreanas, surcoreano, surcoreanos, surcoreana"),
    in: terms("indio, indios, india, indias"),
    pk: terms("pakistaní, pakistaníes"),
    vn: terms("vietnamita, vietnamitas"),
    ir: terms("iraní, iraníes"),
    sy: terms("sirio, sirios, siria, sirias"),
    il: terms("israelí, israelíes"),
    eg: terms("egipcio, egipcios, egipcia, egipcias"),
    ng: terms("nigeriano, nigerianos, nigeriana, nigerianas"),
    za: terms("sudafricano, sudafricanos, sudafricana, sudafricanas"),
    mx: terms("mexicano, mexicanos, mexicana, mexicanas"),
    br: terms("brasileño, brasileños, brasileña, brasileñas"),
    ca: terms("canadiense, canadienses"),
    au: terms("australiano, australianos, australiana, australianas"),
  },
  disability: {
    general: terms(
      "persona con discapacidad, personas con discapacidad, discapacidad, discapacidades, discapacitado, discapacitados, discapacitada, discapacitadas",
    ),
    blind: terms(
      "ciego, ciegos, ciega, ciegas, persona con discapacidad visual, personas con discapacidad visual, baja visión, invidente, invidentes",
    ),
    deaf: terms("sordo, sordos, sorda, sordas, sordociego, sordociega, discapacidad auditiva, hipoacusia"),
    mobility: terms(
      "en silla de ruedas, usuario de silla de ruedas, usuaria de silla de ruedas, parapléjico, parapléjica, tetrapléjico, tetrapléjica, movilidad reducida, amputado, amputada",
    ),
    intellectual: terms("discapacidad intelectual, síndrome de Down, dificultades de aprendizaje"),
    neurodivergent: terms(
      "autista, autistas, autismo, neurodivergente, neurodivergentes, TDAH, dislexia, disléxico, disléxica",
    ),
    mentalHealth: terms(
      "enfermedad mental, enfermedades mentales, trastorno mental, trastornos mentales, depresión, trastorno bipolar, esquizofrenia, trastorno de ansiedad",
    ),
  },
} as const;
