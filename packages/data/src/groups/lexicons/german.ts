// German words for groups of people. Nouns have their capital; adjectives are listed with their endings.
import { terms } from "./words.ts";

export const germanGroups = {
  gender: {
    female:
      terms(`Frau, Frauen, Mädchen, Dame, Damen, Mutter, Mütter, Mama, Tochter, Töchter, Schwester, Schwestern, Ehefrau, Ehefrauen,
      Tante, Tanten, Nichte, Nichten, Großmutter, Großmütter, Oma, Omas, Freundin, Freundinnen, Königin, Königinnen, Prinzessin,
      Prinzessinnen, Schauspielerin, Schauspielerinnen, Geschäftsfrau, Geschäftsfrauen, Witwe, Witwen, Braut, Bräute, weiblich,
      weibliche, weiblichen, weiblicher, weibliches`),
    male: terms(`Mann, Männer, Männern, Mannes, Junge, Jungen, Jungs, Herr, Herren, Vater, Väter, Papa, Sohn, Söhne, Bruder, Brüder,
      Ehemann, Ehemänner, Onkel, Neffe, Neffen, Großvater, Großväter, Opa, Opas, Freund, Freunde, König, Könige, Prinz, Prinzen,
      Schauspieler, Geschäftsmann, Geschäftsmänner, Witwer, Bräutigam, männlich, männliche, männlichen, männlicher, männliches`),
    nonBinary: terms(
      "nichtbinär, nichtbinäre, nichtbinären, nicht-binär, nicht-binäre, nicht-binären, genderqueer, genderfluid, agender",
    ),
  },
  ethnicity: {
    black:
      terms(`Schwarze Menschen, Schwarze Person, Schwarze Personen, Schwarze Frau, Schwarze Frauen, Schwarzer Mann, Schwarze Männer,
      schwarze Menschen, schwarze Frau, schwarzer Mann, Afroamerikaner, Afroamerikanerin, Afroamerikanerinnen, Afrodeutsche,
      Afrodeutscher, Afrodeutschen`),
    white: terms("weiße Menschen, weiße Person, weiße Personen, weiße Frau, weiße Frauen, weißer Mann, weiße Männer"),
    asian: terms("Asiate, Asiaten, Asiatin, Asiatinnen, asiatisch, asiatische, asiatischen, asiatischer, asiatisches"),
    hispanic: terms("Latino, Latinos, Latina, Latinas, Lateinamerikaner, Lateinamerikanerin, Lateinamerikanerinnen"),
    arab: terms("Araber, Arabern, Araberin, Araberinnen, arabisch, arabische, arabischen, arabischer, arabisches"),
    indigenous: terms(
      "Indigene, Indigenen, indigene Völker, indigene Menschen, indigene Bevölkerung, Ureinwohner, Inuit, Māori, Maori, Samen",
    ),
    roma: terms("Roma, Romnja, Sinti, Sintizze, Sinti und Roma"),
  },
  religion: {
    christian:
      terms(`Christ, Christen, Christin, Christinnen, christlich, christliche, christlichen, christlicher, christliches, Katholik,
      Katholiken, Katholikin, Katholikinnen, Protestant, Protestanten, Protestantin, Protestantinnen, katholisch, katholische,
      katholischen, Christentum`),
    muslim:
      terms(`Muslim, Muslime, Muslimen, Muslimin, Musliminnen, Muslima, Muslimas, muslimisch, muslimische, muslimischen,
      muslimischer, Islam, islamisch, islamische, islamischen`),
    jewish: terms("Jude, Juden, Jüdin, Jüdinnen, jüdisch, jüdische, jüdischen, jüdischer, jüdisches, Judentum"),
    hindu: terms("Hindu, Hindus, hinduistisch, hinduistische, hinduistischen, Hinduismus"),
    buddhist: terms(
      "Buddhist, Buddhisten, Buddhistin, Buddhistinnen, buddhistisch, buddhistische, buddhistischen, Buddhismus",
    ),
    sikh: terms("Sikh, Sikhs, Sikhismus"),
    nonReligious:
      terms(`Atheist, Atheisten, Atheistin, Atheistinnen, Atheismus, atheistisch, Agnostiker, Agnostikerin, konfessionslos,
      konfessionslose, konfessionslosen`),
  },
  age: {
    child: terms(
      "Kind, Kinder, Kindern, Kleinkind, Kleinkinder, Baby, Babys, Säugling, Säuglinge, Schulkind, Schulkinder",
    ),
    young:
      terms(`Jugendliche, Jugendlichen, Jugendlicher, Teenager, junge Menschen, junge Leute, junge Frau, junge Frauen, junger Mann,
      junge Männer, junge Erwachsene, Heranwachsende`),
    middle: terms("mittleren Alters, im mittleren Alter"),
    older:
      terms(`Senior, Senioren, Seniorin, Seniorinnen, Rentner, Rentnerin, Rentnerinnen, ältere Menschen, alte Menschen, älteren
      Menschen, alter Mann, alte Männer, alte Frau, alte Frauen, ältere Frau, älterer Mann, Hochbetagte`),
  },
  nationality: {
    us: terms(
      "Amerikaner, Amerikanerin, Amerikanerinnen, US-Amerikaner, US-Amerikanerin, amerikanisch, amerikanische, amerikanischen, amerikanischer",
    ),
    gb: terms("Brite, Briten, Britin, Britinnen, britisch, britische, britischen, britischer"),
    ie: terms("Ire, Iren, Irin, Irinnen, irisch, irische, irischen, irischer"),
    de: terms("Deutsche, Deutschen, Deutscher, deutsche, deutschen, deutscher, deutsches"),
    fr: terms("Franzose, Franzosen, Französin, Französinnen, französisch, französische, französischen, französischer"),
    es: terms("Spanier, Spaniern, Spanierin, Spanierinnen, spanisch, spanische, spanischen, spanischer"),
    it: terms(
      "Italiener, Italienern, Italienerin, Italienerinnen, italienisch, italienische, italienischen, italienischer",
    ),
    pl: terms("Polin, Polinnen, polnisch, polnische, polnischen, polnischer"),
    ua: terms("Ukrainer, Ukrainern, Ukrainerin, Ukrainerinnen, ukrainisch, ukrainische, ukrainischen, ukrainischer"),
    ru: terms("Russe, Russen, Russin, Russinnen, russisch, russische, russischen, russischer"),
    tr: terms("Türke, Türken, Türkin, Türkinnen, türkisch, türkische, türkischen, türkischer"),
    gr: terms("Grieche, Griechen, Griechin, Griechinnen, griechisch, griechische, griechischen, griechischer"),
    cn: terms("Chinese, Chinesen, Chinesin, Chinesinnen, chinesisch, chinesische, chinesischen, chinesischer"),
    jp: terms("Japaner, Japanern, Japanerin, Japanerinnen, japanisch, japanische, japanischen, japanischer"),
    kr: terms("Koreaner, Koreanerin, Koreanerinnen, Südkoreaner, Südkoreanerin, koreanisch, koreanische, koreanischen"),
    in: terms("Inder, Indern, Inderin, Inderinnen, indisch, indische, indischen, indischer"),
    pk: terms("Pakistaner, Pakistanerin, Pakistanerinnen, pakistanisch, pakistanische, pakistanischen"),
    vn: terms("Vietnamese, Vietnamesen, Vietnamesin, Vietnamesinnen, vietnamesisch, vietnamesische, vietnamesischen"),
    ir: terms("Iraner, Iranern, Iranerin, Iranerinnen, iranisch, iranische, iranischen, iranischer"),
    sy: terms("Syrer, Syrern, Syrerin, Syrerinnen, syrisch, syrische, syrischen, syrischer"),
    il: terms("Israeli, Israelis, Israelin, israelisch, israelische, israelischen"),
    eg: terms("Ägypter, Ägyptern, Ägypterin, Ägypterinnen, ägyptisch, ägyptische, ägyptischen"),
    ng: terms("Nigerianer, Nigerianerin, Nigerianerinnen, nigerianisch, nigerianische, nigerianischen"),
    za: terms("Südafrikaner, Südafrikanerin, Südafrikanerinnen, südafrikanisch, südafrikanische, südafrikanischen"),
    mx: terms("Mexikaner, Mexikanern, Mexikanerin, Mexikanerinnen, mexikanisch, mexikanische, mexikanischen"),
    br: terms("Brasilianer, Brasilianerin, Brasilianerinnen, brasilianisch, brasilianische, brasilianischen"),
    ca: terms("Kanadier, Kanadiern, Kanadierin, Kanadierinnen, kanadisch, kanadische, kanadischen"),
    au: terms("Australier, Australiern, Australierin, Australierinnen, australisch, australische, australischen"),
  },
  disability: {
    general:
      terms(`Menschen mit Behinderung, Menschen mit Behinderungen, behinderte Menschen, Person mit Behinderung, Behinderung,
      Behinderungen, Schwerbehinderte, Schwerbehinderten`),
    blind: terms(
      "blinde Menschen, blinde Frau, blinder Mann, Blinde, Blinden, sehbehindert, sehbehinderte, sehbehinderten",
    ),
    deaf: terms(
      "gehörlos, gehörlose, gehörlosen, Gehörlose, Gehörlosen, taub, schwerhörig, schwerhörige, schwerhörigen, taubblind",
    ),
    mobility:
      terms(`Rollstuhlfahrer, Rollstuhlfahrerin, Rollstuhlfahrerinnen, im Rollstuhl, querschnittsgelähmt, querschnittsgelähmte,
      querschnittsgelähmten, Gehbehinderung, gehbehindert`),
    intellectual: terms(
      "geistige Behinderung, geistigen Behinderung, Lernbehinderung, Lernschwierigkeiten, Down-Syndrom, Trisomie 21",
    ),
    neurodivergent: terms(
      "autistisch, autistische, autistischen, Autist, Autisten, Autistin, Autismus, neurodivergent, ADHS, Legasthenie, Tourette-Syndrom",
    ),
    mentalHealth:
      terms(`psychische Erkrankung, psychischen Erkrankung, psychische Erkrankungen, psychisch krank, psychisch kranke, psychisch
      kranken, Depression, Depressionen, bipolare Störung, Schizophrenie, Angststörung`),
  },
} as const;
