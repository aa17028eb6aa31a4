using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>
/// Writes a message in some of the many ways that protobuf allows and no writer chooses: fields in any order, repeated numbers one by one or in
/// several packed pieces, a message in two pieces, an overwritten earlier value, overlong numbers, unknown fields and groups in between.
/// </summary>
internal sealed class WireScrambler(Random random)
{
    public byte[] Write(IMessage message)
    {
        // What may not change places: values of one repeated field, and the pieces of one message.
        List<Queue<byte[]>> fields = [.. message.Descriptor.Fields.InDeclarationOrder().Select(field => new Queue<byte[]>(Pieces(field, message)))];
        fields.Add(new Queue<byte[]>(Enumerable.Range(0, random.Next(3) / 2).Select(_ => Unknown(2))));
        bool shuffled = random.Next(3) > 0;
        using MemoryStream to = new();
        for (fields.RemoveAll(queue => queue.Count == 0); fields.Count > 0; fields.RemoveAll(queue => queue.Count == 0))
        {
            to.Write(fields[shuffled ? random.Next(fields.Count) : 0].Dequeue());
        }
        return to.ToArray();
    }

    private IEnumerable<byte[]> Pieces(FieldDescriptor field, IMessage message)
    {
        object? value = field.Accessor.GetValue(message);
        if (field.IsMap)
        {
            return MapEntries(field, (System.Collections.IDictionary)value!);
        }
        if (field.IsRepeated)
        {
            object[] values = [.. ((System.Collections.IList)value!).Cast<object>()];
            return field.FieldType is FieldType.Message ? values.Select(one => Field(field.FieldNumber, 2, Delimited(Write((IMessage)one)))) : Repeated(field, values);
        }
        if (field.FieldType == FieldType.Message)
        {
            return value is null || !field.Accessor.HasValue(message) ? [] : Message(field, (IMessage)value);
        }
        bool isSet = field.ContainingOneof is null ? random.Next(4) > 0 || !IsDefault(value!) : field.Accessor.HasValue(message);
        byte[][] once = isSet ? [Field(field.FieldNumber, WireType(field), Scalar(field, value!))] : [];
        return random.Next(8) == 0 && isSet ? [Field(field.FieldNumber, WireType(field), Scalar(field, value!)), .. once] : once;
    }

    /// <summary>Sometimes in two pieces, which merge: repeated fields are continued, so only they are split.</summary>
    private IEnumerable<byte[]> Message(FieldDescriptor field, IMessage value)
    {
        byte[] whole = Write(value);
        if (random.Next(3) > 0)
        {
            return [Field(field.FieldNumber, 2, Delimited(whole))];
        }
        CodedInputStream input = new(whole);
        List<int> ends = [0];
        while (!input.IsAtEnd)
        {
            input.ReadTag();
            input.SkipLastField();
            ends.Add((int)input.Position);
        }
        int split = ends[random.Next(ends.Count)];
        return [Field(field.FieldNumber, 2, Delimited(whole[..split])), Field(field.FieldNumber, 2, Delimited(whole[split..]))];
    }

    private IEnumerable<byte[]> MapEntries(FieldDescriptor field, System.Collections.IDictionary map)
    {
        foreach (System.Collections.DictionaryEntry entry in map)
        {
            FieldDescriptor key = field.MessageType.FindFieldByNumber(1);
            FieldDescriptor value = field.MessageType.FindFieldByNumber(2);
            List<byte[]> parts = [Field(1, WireType(key), Scalar(key, entry.Key)), Field(2, WireType(value), Scalar(value, entry.Value!))];
            if (random.Next(4) == 0)
            {
                parts.Reverse();
            }
            if (random.Next(8) == 0)
            {
                parts.Add(Unknown(1));
            }
            if (random.Next(8) == 0 && value.FieldType == FieldType.String)
            {
                yield return Field(field.FieldNumber, 2, Delimited([.. Field(1, 2, Scalar(key, entry.Key)), .. Field(2, 2, Delimited("overwritten"u8.ToArray()))]));
            }
            yield return Field(field.FieldNumber, 2, Delimited([.. parts.SelectMany(part => part)]));
        }
    }

    private IEnumerable<byte[]> Repeated(FieldDescriptor field, object[] values)
    {
        for (int i = 0; i < values.Length;)
        {
            int count = random.Next(3) == 0 ? 1 : random.Next(1, values.Length - i + 1);
            if (count == 1 && random.Next(2) == 0)
            {
                yield return Field(field.FieldNumber, WireType(field), Scalar(field, values[i]));
            }
            else
            {
                yield return Field(field.FieldNumber, 2, Delimited([.. values.Skip(i).Take(count).SelectMany(value => Scalar(field, value))]));
            }
            i += count;
        }
    }

    private byte[] Unknown(int depth) => random.Next(depth > 0 ? 5 : 4) switch
    {
        0 => Field(1000, 0, Varint((ulong)random.NextInt64())),
        1 => Field(1001, 1, new byte[8]),
        2 => Field(1002, 2, Delimited("whatever"u8.ToArray())),
        3 => Field(1003, 5, new byte[4]),
        _ => [.. Field(1004, 3, Unknown(depth - 1)), .. Field(1004, 4, [])],
    };

    private byte[] Field(int number, int wireType, byte[] content) => [.. Varint(((ulong)number << 3) | (uint)wireType), .. content];

    private byte[] Delimited(byte[] content) => [.. Varint((ulong)content.Length), .. content];

    /// <summary>Now and then longer than need be, as protobuf allows.</summary>
    private byte[] Varint(ulong value)
    {
        List<byte> bytes = [];
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }
        bytes.Add((byte)value);
        if (random.Next(20) == 0 && bytes.Count < 5)
        {
            bytes[^1] |= 0x80;
            bytes.Add(0);
        }
        return [.. bytes];
    }

    private byte[] Scalar(FieldDescriptor field, object value) => field.FieldType switch
    {
        FieldType.Double => BitConverter.GetBytes((double)value),
        FieldType.Fixed64 => BitConverter.GetBytes((ulong)value),
        FieldType.UInt64 => Varint((ulong)value),
        FieldType.UInt32 => Varint((uint)value),
        FieldType.Bool => Varint((bool)value ? 1UL : 0),
        FieldType.SInt32 => Varint((uint)(((int)value << 1) ^ ((int)value >> 31))),
        FieldType.SInt64 => Varint((ulong)(((long)value << 1) ^ ((long)value >> 63))),
        _ => Delimited(System.Text.Encoding.UTF8.GetBytes((string)value)),
    };

    private static int WireType(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Double or FieldType.Fixed64 => 1,
        FieldType.String => 2,
        _ => 0,
    };

    private static bool IsDefault(object value) => value switch
    {
        string text => text.Length == 0,
        ulong number => number == 0,
        uint number => number == 0,
        int number => number == 0,
        long number => number == 0,
        bool flag => !flag,
        double number => BitConverter.DoubleToInt64Bits(number) == 0,
        _ => false,
    };
}
