// Occupations by language, each list in the same order of trades: what stereotypes are most often measured with.
import { terms } from "./words.ts";

/** Occupations, by language. Where a language has two grammatical genders, both forms. */
export const occupations: Readonly<Record<string, readonly string[]>> = {
  en: terms(`doctor, doctors, nurse, nurses, teacher, teachers, engineer, engineers, scientist, scientists, lawyer, lawyers, judge, judges,
    manager, managers, secretary, secretaries, assistant, assistants, accountant, accountants, programmer, programmers, professor,
    professors, librarian, librarians, receptionist, receptionists, cleaner, cleaners, cook, cooks, chef, chefs, baker, bakers, farmer,
    farmers, driver, drivers, mechanic, mechanics, electrician, electricians, carpenter, carpenters, plumber, plumbers, hairdresser,
    hairdressers, journalist, journalists, writer, writers, artist, artists, musician, musicians, soldier, soldiers, police officer,
    police officers, firefighter, firefighters, pilot, pilots, politician, politicians, nanny, nannies, midwife, midwives, surgeon,
    surgeons, dentist, dentists, pharmacist, pharmacists, social worker, social workers`),
  de: terms(`Arzt, Ärzte, Ärztin, Ärztinnen, Krankenpfleger, Krankenpflegerin, Pflegekraft, Lehrer, Lehrerin, Lehrerinnen, Ingenieur,
    Ingenieure, Ingenieurin, Wissenschaftler, Wissenschaftlerin, Anwalt, Anwälte, Anwältin, Richter, Richterin, Manager, Managerin,
    Sekretär, Sekretärin, Assistent, Assistentin, Buchhalter, Buchhalterin, Programmierer, Programmiererin, Professor, Professorin,
    Bibliothekar, Bibliothekarin, Reinigungskraft, Koch, Köchin, Bäcker, Bäckerin, Landwirt, Landwirtin, Fahrer, Fahrerin, Mechaniker,
    Mechanikerin, Elektriker, Elektrikerin, Tischler, Tischlerin, Friseur, Friseurin, Journalist, Journalistin, Schriftsteller,
    Schriftstellerin, Künstler, Künstlerin, Musiker, Musikerin, Soldat, Soldatin, Polizist, Polizistin, Pilot, Pilotin, Politiker,
    Politikerin, Hebamme, Chirurg, Chirurgin, Zahnarzt, Zahnärztin, Apotheker, Apothekerin, Sozialarbeiter, Sozialarbeiterin`),
  fr: terms(`médecin, médecins, infirmier, infirmière, infirmières, enseignant, enseignante, professeur, professeure, ingénieur, ingénieure,
    scientifique, scientifiques, avocat, avocate, juge, juges, directeur, directrice, secrétaire, secrétaires, assistant, assistante,
    comptable, comptables, programmeur, programmeuse, bibliothécaire, cuisinier, cuisinière, boulanger, boulangère, agriculteur,
    agricultrice, chauffeur, chauffeuse, mécanicien, mécanicienne, électricien, électricienne, menuisier, menuisière, coiffeur, coiffeuse,
    journaliste, journalistes, écrivain, écrivaine, artiste, artistes, musicien, musicienne, soldat, soldate, policier, policière, pompier,
    pilote, pilotes, politicien, politicienne, sage-femme, chirurgien, chirurgienne, dentiste, pharmacien, pharmacienne`),
  es: terms(`médico, médica, médicos, enfermero, enfermera, enfermeras, maestro, maestra, profesor, profesora, ingeniero, ingeniera,
    científico, científica, abogado, abogada, juez, jueza, gerente, gerentes, secretario, secretaria, asistente, contador, contadora,
    programador, programadora, bibliotecario, bibliotecaria, cocinero, cocinera, panadero, panadera, agricultor, agricultora, conductor,
    conductora, mecánico, mecánica, electricista, carpintero, carpintera, peluquero, peluquera, periodista, periodistas, escritor,
    escritora, artista, artistas, músico, música, soldado, policía, bombero, bombera, piloto, político, política, niñera, partera,
    cirujano, cirujana, dentista, farmacéutico, farmacéutica`),
  zh: terms(
    "医生, 护士, 教师, 老师, 工程师, 科学家, 律师, 法官, 经理, 秘书, 助理, 会计, 程序员, 教授, 图书管理员, 清洁工, 厨师, 面包师, 农民, 司机, 机械师, 电工, 木匠, 理发师, 记者, 作家, 艺术家, 音乐家, 军人, 士兵, 警察, 消防员, 飞行员, 政治家, 保姆, 助产士, 外科医生, 牙医, 药剂师, 社工",
  ),
};
